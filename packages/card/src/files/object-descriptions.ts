/**
 * What a host has noted about a certificate that belongs to no key (file C8), and about data (file C9).
 *
 * @see ISO/IEC 7816-15, 8.7 (certificates) and 8.8 (data containers)
 * @module
 */
import { bytes, type Codec, choice, mapped, optional, tlv, tlvs, utf8 } from '@keytether/codec'
import { firstOf, type ObjectAttributes, objectAttributes, path } from './attributes.ts'

export interface CertificateDescription extends ObjectAttributes {
  readonly kind: 'x509' | 'attribute' | 'cvc'
  readonly id: Uint8Array
  /** Identifier of the file with the certificate, two bytes. */
  readonly path: Uint8Array
}

const certificate = tlvs(
  {
    object: objectAttributes,
    attributes: tlv(0x30, tlvs({ id: tlv(0x04, bytes({ max: 255 })) }, { unknown: 'ignore' })),
    type: tlv(0xa1, tlv(0x30, tlvs({ path }, { unknown: 'ignore' }))),
  },
  { unknown: 'ignore' },
)

/** The content of a file C8. */
export const CertificateDescription: Codec<CertificateDescription> = firstOf(
  mapped(choice({ x509: tlv(0x30, certificate), attribute: tlv(0xa0, certificate), cvc: tlv(0xa5, certificate) }), {
    write: ({ kind, id, path, label, flags, authId }) => ({
      kind,
      value: { object: { label, flags, authId }, attributes: { id }, type: { path: { path } } },
    }),
    read: ({ kind, value: { object, attributes, type } }) => ({ kind, ...object, ...attributes, ...type.path }),
  }),
)

export interface DataDescription extends ObjectAttributes {
  /** What application the data belong to, by name. */
  readonly application?: string | undefined
  /** Identifier of the file with the data, two bytes: CF for public data, CD for private. */
  readonly path: Uint8Array
}

const data = tlvs(
  {
    object: objectAttributes,
    attributes: tlv(0x30, tlvs({ application: optional(tlv(0x0c, utf8({ max: 255 }))) }, { unknown: 'ignore' })),
    type: tlv(0xa1, path),
  },
  { unknown: 'ignore' },
)

/** The content of a file C9. */
export const DataDescription: Codec<DataDescription> = firstOf(
  mapped(tlv(0x30, data), {
    write: ({ application, path, label, flags, authId }) => ({
      object: { label, flags, authId },
      attributes: { application },
      type: { path },
    }),
    read: ({ object, attributes, type }) => ({ ...object, ...attributes, ...type }),
  }),
)
