/** The emulator as a channel in this process. */
import { Emulator, memoryStore } from '@keytether/emulator'
import { measure, nodeLimits, prepare } from './card.ts'

const emulator = await Emulator.open({ store: memoryStore() })
await measure('Emulator, in process', emulator, await prepare(emulator), await nodeLimits())
await emulator.close()
