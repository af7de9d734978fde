/** The values of the API that lends devices. */
import { z } from 'zod'
import { wanted } from '../schemas.ts'

export { ApiError } from '../schemas.ts'

const hex = z.string().regex(/^([0-9a-f]{2})+$/)

export const Device = z.strictObject({
  /** Certified path with dots. */
  id: z.string(),
  state: z.enum(['secured', 'identified', 'unlocked', 'ready', 'lent', 'offline']),
  /** What it waits for, who has it, or why it is away. */
  reason: z.string().optional(),
  /** How many keys it offers. */
  keys: z.int().nonnegative(),
})

export const LeaseInput = z.strictObject(
  {
    /** What is authenticated stays when the device is given back, though it was locked before. */
    keepLogIn: z.boolean(wanted('true or false')),
  },
  wanted('an object of keepLogIn and nothing else'),
)

export const LeaseGranted = z.strictObject({
  /** Names the lease in the routes below. It is for whoever borrowed the device, and for nobody else. */
  lease: z.string(),
  device: z.string(),
  atr: hex,
  /** Its keys were in use, and are again when it is given back as open as it was. */
  wasReady: z.boolean(),
})

const apduText = wanted('commands of 4 to 65544 bytes, hexadecimal')
/** 1 for the first exchange of a lease. Sent again, it gets the same answers, and the card no commands. */
const number = z.int(wanted('the number of the exchange')).positive(wanted('the number of the exchange'))

export const Commands = z.strictObject(
  {
    number,
    /** None: a sign of life. */
    commands: z
      .array(z.string(apduText).regex(/^([0-9A-Fa-f]{2}){4,65544}$/, apduText), wanted('a list of commands'))
      .max(256, 'wanted at most 256 commands'),
  },
  wanted('an object of number and commands and nothing else'),
)

export const ResetInput = z.strictObject({ number }, wanted('an object of number and nothing else'))

/** The card is still at it: ask again with the same number. */
const Working = z.strictObject({ working: z.literal(true) })

export const Responses = z.union([z.strictObject({ responses: z.array(hex) }), Working])
export const ResetDone = z.union([z.strictObject({ atr: hex }), Working])

export type Device = z.infer<typeof Device>
export type LeaseGranted = z.infer<typeof LeaseGranted>
