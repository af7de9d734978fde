/** The configuration cannot be used; `mistakes` are all of them, each with the setting it is about. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly mistakes: readonly string[]

  constructor(mistakes: readonly string[]) {
    const how = mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`
    super(`the configuration has ${how}:\n${mistakes.map(one => `- ${one}`).join('\n')}`)
    this.mistakes = mistakes
  }
}

/** What is wrong with a request before the domain is asked. */
export type RequestErrorCode = 'UNAUTHORIZED' | 'NOT_FOUND' | 'METHOD_NOT_ALLOWED' | 'SHUTTING_DOWN'

/** A request that is answered with this status, and headers that go with it. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly statusCode: number
  readonly code: RequestErrorCode
  readonly headers: Readonly<Record<string, string>>

  constructor(statusCode: number, code: RequestErrorCode, message: string, headers: Record<string, string> = {}) {
    super(message)
    this.statusCode = statusCode
    this.code = code
    this.headers = headers
  }
}
