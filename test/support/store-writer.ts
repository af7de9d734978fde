/**
 * Writes to a database for as long as it is let, from many sides at once, and says on standard output what is durable.
 *
 * `store-writer.ts URL PREFIX`
 */
import { writeSync } from 'node:fs'
import { openStore } from '../../packages/hsm/src/store/store.ts'

const [url = '', prefix = ''] = process.argv.slice(2)
const store = await openStore(url)

async function write(side: number): Promise<never> {
  for (let count = 0; ; count++) {
    const name = `${prefix}-${side}-${count}`
    await store.write(async db => {
      await db
        .insertInto('settings')
        .values({ name, value: 'x'.repeat(200) })
        .execute()
      const event = { tenant_id: null, at: 0, type: 'test', subject: name, actor: null, data: '{}' }
      await db.insertInto('events').values(event).execute()
    })
    writeSync(1, `${name}\n`)
  }
}

await Promise.all(Array.from({ length: 16 }, (_, side) => write(side)))
