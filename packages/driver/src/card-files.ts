/** Files of the card as they are, for who copies them. */
import { readFiles } from './files.ts'
import { enumerateCall } from './inventory.ts'
import type { Link } from './link.ts'
import { replaceFile } from './objects.ts'
import { expectOk } from './outcome.ts'
import type { Version } from './types.ts'

export class CardFiles {
  readonly #link: Link
  readonly #version: Version

  constructor(link: Link, version: Version) {
    this.#link = link
    this.#version = version
  }

  /** Identifiers of all keys and files. */
  list(): Promise<readonly number[]> {
    return this.#link.alone(async link => {
      const [list] = await link.run([enumerateCall()])
      return expectOk(list, 'list the objects of the card')
    })
  }

  /** The data object at the start of each file; undefined for a file that is not there, is empty, or needs log-in. */
  read(fids: readonly number[]): Promise<(Uint8Array | undefined)[]> {
    return this.#link.alone(async link => {
      const files = await readFiles(
        link,
        this.#version,
        fids.map(fid => ({ fid, object: true })),
      )
      return files.map(file => {
        if (file.status === 'failed') throw file.error
        return file.status === 'ok' && file.content.length > 0 ? file.content : undefined
      })
    })
  }

  /**
   * Puts the content in the place of what is there. After log-in.
   *
   * @throws DriverError `INCOMPLETE` if the old content is gone and the new not there
   */
  write(fid: number, content: Uint8Array): Promise<void> {
    return this.#link.alone(link => replaceFile(link, fid, content, 'write a file'))
  }
}
