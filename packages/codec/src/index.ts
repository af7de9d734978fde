export {
  anyTlv,
  type ChoiceOf,
  choice,
  optional,
  sequenceOf,
  type TemplateOptions,
  type Tlv,
  type TlvsOf,
  tlv,
  tlvs,
  withRaw,
} from './ber-tlv.ts'
export { concat, equal, fromHex, toHex } from './bytes.ts'
export { type Codec, decode, encode, Reader, type ReaderOptions, type TypeOf, Writer } from './codec.ts'
export { DecodeError, type DecodeErrorCode } from './errors.ts'
export { always, ascii, bytes, integer, type Length, mapped, nothing, oneOf, u8, u16, u32, utf8 } from './primitives.ts'
export { masked, secret } from './secret.ts'
export { type StructOf, struct } from './struct.ts'
