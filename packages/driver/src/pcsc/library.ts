/**
 * The functions of libpcsclite that we use, called off the event loop. 64-bit Linux only: elsewhere the integers of PC/SC
 * have other sizes.
 *
 * Each call occupies a thread of libuv's pool until it returns, and a card may take a minute to make a key. The pool has
 * four threads unless `UV_THREADPOOL_SIZE` says otherwise: a process with many cards should be started with one thread
 * for each card and some to spare.
 *
 * @see PC/SC Workgroup, Interoperability Specification for ICCs and Personal Computer Systems, Part 5; winscard.h
 * @module
 */
import koffi from 'koffi'
import { PcscError, status } from './errors.ts'

/** What a call writes to through a pointer. */
type Cell<T> = [T]

/** `SCARD_READERSTATE`, as a watcher gives it and gets it back. */
export interface ReaderState {
  szReader: string
  pvUserData: null
  dwCurrentState: number
  dwEventState: number
  cbAtr: number
  rgbAtr: Uint8Array
}

type Type = string | ReturnType<typeof koffi.pointer> | ReturnType<typeof koffi.out>
type Call<Parameters extends unknown[]> = (...parameters: Parameters) => Promise<number>

export interface Library {
  establishContext: Call<[scope: number, reserved: null, reserved2: null, context: Cell<number>]>
  releaseContext: Call<[context: number]>
  cancel: Call<[context: number]>
  listReaders: Call<[context: number, groups: null, names: Uint8Array, length: Cell<number>]>
  getStatusChange: Call<[context: number, timeoutMs: number, states: ReaderState[], count: number]>
  connect: Call<
    [context: number, reader: string, share: number, protocols: number, card: Cell<number>, protocol: Cell<number>]
  >
  reconnect: Call<[card: number, share: number, protocols: number, initialization: number, protocol: Cell<number>]>
  disconnect: Call<[card: number, disposition: number]>
  status: Call<
    [
      card: number,
      names: null,
      length: null,
      state: Cell<number>,
      protocol: Cell<number>,
      atr: Uint8Array,
      atrLength: Cell<number>,
    ]
  >
  beginTransaction: Call<[card: number]>
  endTransaction: Call<[card: number, disposition: number]>
  /** Buffers and `received` must stay untouched until the call returns. */
  transmit: Call<
    [
      card: number,
      header: BigUint64Array,
      command: Uint8Array,
      length: number,
      responseHeader: null,
      response: Uint8Array,
      received: BigUint64Array,
    ]
  >
  /** pcsc-lite's text for a return code. */
  text(returnCode: number): string
}

let loaded: Library | undefined

/** @throws PcscError `LIBRARY_MISSING` */
export function pcsc(): Library {
  loaded ??= load()
  return loaded
}

/** @throws PcscError if the return code is not one of success */
export function check(call: string, returnCode: number): void {
  if (returnCode !== status.success) throw pcscError(call, returnCode)
}

export function pcscError(call: string, returnCode: number, options?: ErrorOptions): PcscError {
  return new PcscError(call, returnCode, pcsc().text(returnCode), options)
}

function load(): Library {
  const library = open()
  const int = 'long'
  const dword = 'unsigned long'
  const bytes = koffi.pointer('uint8_t')
  const nothing = koffi.pointer('void')
  const outDword = koffi.out(koffi.pointer(dword))
  const inoutDword = koffi.inout(koffi.pointer(dword))
  const readerState = koffi.struct({
    szReader: 'const char *',
    pvUserData: nothing,
    dwCurrentState: dword,
    dwEventState: dword,
    cbAtr: dword,
    rgbAtr: koffi.array('uint8_t', 33, 'Typed'),
  })
  const bind = <P extends unknown[]>(name: string, parameters: Type[]): Call<P> => {
    const native = library.func(name, int, parameters)
    return (...values) =>
      new Promise((resolve, reject) => {
        native.async(...values, (error: Error | null, returnCode: number) => {
          if (error) reject(error)
          else resolve(returnCode)
        })
      })
  }
  const stringify = library.func('pcsc_stringify_error', 'const char *', [int])
  return {
    establishContext: bind('SCardEstablishContext', [dword, nothing, nothing, koffi.out(koffi.pointer(int))]),
    releaseContext: bind('SCardReleaseContext', [int]),
    cancel: bind('SCardCancel', [int]),
    listReaders: bind('SCardListReaders', [int, nothing, bytes, inoutDword]),
    getStatusChange: bind('SCardGetStatusChange', [int, dword, koffi.inout(koffi.pointer(readerState)), dword]),
    connect: bind('SCardConnect', [int, 'const char *', dword, dword, koffi.out(koffi.pointer(int)), outDword]),
    reconnect: bind('SCardReconnect', [int, dword, dword, dword, outDword]),
    disconnect: bind('SCardDisconnect', [int, dword]),
    status: bind('SCardStatus', [int, nothing, nothing, outDword, outDword, bytes, inoutDword]),
    beginTransaction: bind('SCardBeginTransaction', [int]),
    endTransaction: bind('SCardEndTransaction', [int, dword]),
    transmit: bind('SCardTransmit', [
      int,
      koffi.pointer('uint64_t'),
      bytes,
      dword,
      nothing,
      bytes,
      koffi.pointer('uint64_t'),
    ]),
    text: returnCode => stringify(returnCode),
  }
}

function open() {
  try {
    return koffi.load('libpcsclite.so.1')
  } catch (cause) {
    const text = 'libpcsclite.so.1 cannot be loaded. On Debian: apt-get install libpcsclite1 pcscd'
    throw new PcscError('PC/SC', status.success, text, { cause })
  }
}
