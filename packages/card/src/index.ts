export {
  type CommandApdu,
  decodeCommand,
  decodeResponse,
  encodeCommand,
  encodeResponse,
  type ResponseApdu,
} from './apdu.ts'
export type { Channel } from './channel.ts'
export {
  type AnyCommand,
  type Command,
  command,
  type DataOf,
  type Outcome,
  type OutcomeOf,
  type ParamsOf,
  type RequestOptions,
} from './command.ts'
export { ChannelError, type ChannelErrorCode, UnexpectedStatusError } from './errors.ts'
export { statusMeaning, sw } from './status.ts'
