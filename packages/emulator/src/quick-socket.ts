/**
 * What Node's sockets do not offer and a conversation of short commands and answers needs. Linux only; elsewhere these
 * do nothing, and commands take longer.
 */
import type { Socket } from 'node:net'
import koffi from 'koffi'

const ipprotoTcp = 6
const tcpQuickack = 12
const msgDontwait = 0x40
const enable = Int32Array.of(1)

interface Libc {
  setsockopt(fd: number, level: number, name: number, value: Int32Array, length: number): number
  recv(fd: number, buffer: Uint8Array, length: number, flags: number): number
}

let loaded: Libc | undefined

function libc(): Libc {
  if (loaded) return loaded
  const library = koffi.load(null)
  loaded = {
    setsockopt: library.func('int setsockopt(int fd, int level, int name, const int32_t *value, uint32_t length)'),
    recv: library.func('long recv(int fd, uint8_t *buffer, unsigned long length, int flags)'),
  }
  return loaded
}

/** The file descriptor, which Node keeps to itself; undefined when the socket is closed or not one of Linux. */
function descriptor(socket: Socket): number | undefined {
  if (process.platform !== 'linux') return undefined
  const { _handle: handle } = socket as unknown as { _handle?: { fd?: number } | null }
  return handle?.fd !== undefined && handle.fd >= 0 ? handle.fd : undefined
}

/**
 * Acknowledges what has come in now, not 40 ms later. A peer that writes a message in two parts, as vpcd does, waits
 * with the second part for this, and setting it holds for a few packets only.
 */
export function acknowledge(socket: Socket): void {
  const fd = descriptor(socket)
  if (fd !== undefined) libc().setsockopt(fd, ipprotoTcp, tcpQuickack, enable, enable.byteLength)
}

/** Reads what has come in, without the way through the event loop; 0 if that is nothing, or the end. */
export function readNow(socket: Socket, buffer: Uint8Array): number {
  const fd = descriptor(socket)
  return fd === undefined ? 0 : Math.max(0, libc().recv(fd, buffer, buffer.length, msgDontwait))
}
