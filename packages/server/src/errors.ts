import type { ProblemCode } from '@keytether/api'

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
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly code: ProblemCode
  /** Of the answer. */
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ProblemCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.code = code
    this.headers = headers
  }
}
