/**
 * Chromium without a window, driven over its debugging protocol.
 *
 * @see https://chromedevtools.github.io/devtools-protocol/
 * @module
 */
import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'

const settings = ['--headless', '--no-sandbox', '--disable-gpu', '--remote-debugging-port=0', '--no-first-run']
const patienceMs = 20_000

type Json = Readonly<Record<string, unknown>>

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: Json
  readonly result?: Json
  readonly error?: { readonly message: string }
}

export class Browser implements AsyncDisposable {
  /** What the page complained of: errors of scripts, and what its policy has refused. */
  readonly complaints: string[] = []
  readonly #socket: WebSocket
  readonly #events = new EventEmitter<{ [method: string]: [params: Json] }>()
  readonly #end: () => Promise<void>
  readonly #waiting = new Map<number, PromiseWithResolvers<Json>>()
  #last = 0

  private constructor(socket: WebSocket, end: () => Promise<void>) {
    this.#socket = socket
    this.#end = end
    socket.on('message', data => this.#receive(JSON.parse(data.toString())))
    this.#events.on('Runtime.exceptionThrown', params => this.complaints.push(JSON.stringify(params)))
    this.#events.on('Log.entryAdded', ({ entry }) => {
      const { source, text } = entry as { readonly source: string; readonly text: string }
      if (source === 'security') this.complaints.push(text)
    })
  }

  static async start(): Promise<Browser> {
    const folder = mkdtempSync(join(tmpdir(), 'keytether-browser-'))
    const child = spawn('chromium', [...settings, `--user-data-dir=${folder}`, 'about:blank'], { stdio: 'ignore' })
    const ended = once(child, 'exit')
    const end = async () => {
      child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    }
    try {
      const port = await portIn(join(folder, 'DevToolsActivePort'))
      const [page] = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
        webSocketDebuggerUrl: string
      }[]
      const socket = new WebSocket(page!.webSocketDebuggerUrl)
      await once(socket, 'open')
      const browser = new Browser(socket, end)
      for (const domain of ['Page', 'Runtime', 'Log', 'Network', 'WebAuthn', 'DOM', 'Accessibility'])
        await browser.send(`${domain}.enable`)
      return browser
    } catch (error) {
      await end()
      throw error
    }
  }

  send(method: string, params: Json = {}): Promise<Json> {
    const id = ++this.#last
    const waiting = Promise.withResolvers<Json>()
    this.#waiting.set(id, waiting)
    this.#socket.send(JSON.stringify({ id, method, params }))
    return waiting.promise
  }

  async open(url: string): Promise<void> {
    // The same address with another part behind the # would not be loaded again.
    await this.send('Page.navigate', { url: 'about:blank' })
    const loaded = once(this.#events, 'Page.loadEventFired')
    await this.send('Page.navigate', { url })
    await loaded
  }

  /** The value of an expression in the page, as if a person had brought it about. */
  async evaluate<T>(expression: string): Promise<T> {
    const options = { returnByValue: true, awaitPromise: true, userGesture: true }
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, ...options })
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`)
    return (result as { readonly value: T }).value
  }

  /** Until an expression in the page is true. */
  async until(expression: string): Promise<void> {
    const due = Date.now() + patienceMs
    while (!(await this.evaluate<boolean>(`Boolean(${expression})`).catch(() => false))) {
      if (Date.now() > due) {
        throw new Error(`never: ${expression}; the page says ${await this.evaluate<string>('document.body.innerText')}`)
      }
      await sleep(50)
    }
  }

  /** @param selector of something that has a place for text, in which nothing is yet */
  async type(selector: string, text: string): Promise<void> {
    await this.evaluate(`document.querySelector(${JSON.stringify(selector)}).focus()`)
    await this.keys(text)
  }

  async click(selector: string): Promise<void> {
    await this.evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`)
  }

  /** Where the focus is. */
  async keys(text: string): Promise<void> {
    await this.send('Input.insertText', { text })
  }

  async press(key: 'Tab' | 'Enter'): Promise<void> {
    const code = { Tab: 9, Enter: 13 }[key]
    const text = key === 'Enter' ? { text: '\r' } : {}
    const event = { key, code: key, windowsVirtualKeyCode: code, nativeVirtualKeyCode: code }
    await this.send('Input.dispatchKeyEvent', { type: 'keyDown', ...event, ...text })
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', ...event })
  }

  /** An authenticator with passkeys, as it is in a laptop. @returns its id */
  async authenticator(): Promise<string> {
    const options = {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    }
    const { authenticatorId } = await this.send('WebAuthn.addVirtualAuthenticator', { options })
    return authenticatorId as string
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate()
    await this.#end()
  }

  #receive({ id, method, params = {}, result = {}, error }: Message): void {
    if (method !== undefined) this.#events.emit(method, params)
    const waiting = id === undefined ? undefined : this.#waiting.get(id)
    this.#waiting.delete(id ?? 0)
    if (error) waiting?.reject(new Error(error.message))
    else waiting?.resolve(result)
  }
}

async function portIn(file: string): Promise<number> {
  const due = Date.now() + patienceMs
  for (;;) {
    try {
      const port = Number(readFileSync(file, 'utf8').split('\n', 1)[0])
      if (port > 0) return port
    } catch {}
    if (Date.now() > due) throw new Error('chromium does not start')
    await sleep(50)
  }
}
