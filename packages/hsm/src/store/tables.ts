/**
 * What the database holds. Times are milliseconds UTC, JSON is text, and what is true is 1, so that SQLite and PostgreSQL hold
 * the same.
 */
import type { Generated, Selectable } from 'kysely'

export interface Tables {
  settings: SettingsTable
  tenants: TenantsTable
  tenant_limits: TenantLimitsTable
  principals: PrincipalsTable
  credentials: CredentialsTable
  passwords: PasswordsTable
  passkeys: PasskeysTable
  sessions: SessionsTable
  invitations: InvitationsTable
  authorities: AuthoritiesTable
  enrolments: EnrolmentsTable
  issuers: IssuersTable
  issuer_principals: IssuerPrincipalsTable
  agents: AgentsTable
  groups: GroupsTable
  devices: DevicesTable
  ceremonies: CeremoniesTable
  keys: KeysTable
  key_versions: KeyVersionsTable
  instances: InstancesTable
  leftovers: LeftoversTable
  data_keys: DataKeysTable
  events: EventsTable
  audit: AuditTable
  audit_chains: AuditChainsTable
  audit_checkpoints: AuditCheckpointsTable
  audit_events: AuditEventsTable
  idempotency: IdempotencyTable
}

interface SettingsTable {
  name: string
  value: string
}

interface TenantsTable {
  id: string
  /** Unique. */
  name: string
  created_at: number
  /** JSON: a list of addresses and networks from which its principals log in; none: any. */
  addresses: string | null
}

/** Of those that have any. */
interface TenantLimitsTable {
  tenant_id: string
  /** JSON: see `Limits`. */
  limits: string
}

interface PrincipalsTable {
  id: string
  /** None: of the service itself. */
  tenant_id: string | null
  /** Unique in its tenant. */
  name: string
  /** JSON: a list of roles. */
  roles: string
  /** JSON: a list of tags, which tie operators to keys. */
  tags: string
  created_at: number
  disabled_at: number | null
  revision: number
}

/** What a principal logs in with. */
interface CredentialsTable {
  id: string
  principal_id: string
  /** Unique for its principal. */
  name: string
  kind: Generated<'token' | 'certificate'>
  /** SHA-256 of the bearer token, or of the identity in a certificate with who has issued it, hexadecimal. */
  token_hash: string
  /** Of a certificate: whom it names, as `dns:web.example.com`. */
  identity: string | null
  authority_id: string | null
  created_at: number
  expires_at: number | null
  /** To within a minute. */
  last_used_at: number | null
  /** JSON: a list, of which the principal has those with this credential that it has at all; none: all of them. */
  roles: string | null
  /** JSON: the same with tags. */
  tags: string | null
  /** JSON: a list of addresses and networks from which it is taken; none: any. */
  addresses: string | null
}

/** What a person signs in with, if it is a password. */
interface PasswordsTable {
  principal_id: string
  /** A PHC string. */
  hash: string
  changed_at: number
}

/** Keys in a person's authenticators. */
interface PasskeysTable {
  id: string
  principal_id: string
  /** Unique for its principal. */
  name: string
  /** That the authenticator gave, base64url. Unique. */
  credential_id: string
  /** COSE_Key. */
  public_key: Uint8Array
  /** Of signatures, as the authenticator counts them; 0: it does not. */
  sign_count: number
  /** JSON: a list of ways to the authenticator, as WebAuthn calls them. */
  transports: string
  created_at: number
  last_used_at: number | null
}

/** People who have signed in. */
interface SessionsTable {
  id: string
  principal_id: string
  /** SHA-256 of the token, hexadecimal. */
  token_hash: string
  way: 'password' | 'passkey'
  /** Where it began. */
  address: string
  /** What the program there calls itself. */
  client: string
  created_at: number
  /** To within a minute. */
  last_used_at: number
  expires_at: number
}

/** Secrets with which a person sets what to sign in with, once. */
interface InvitationsTable {
  principal_id: string
  /** SHA-256 of the secret, hexadecimal. */
  secret_hash: string
  created_at: number
  expires_at: number
}

/** Who issues certificates that principals of a tenant log in with. */
interface AuthoritiesTable {
  id: string
  tenant_id: string
  /** Unique in its tenant. */
  name: string
  /** X.509, DER. */
  certificate: Uint8Array
  /** A whole CRL, DER; none: what was issued is good until it ends. */
  revocations: Uint8Array | null
  created_at: number
  revision: number
}

/** Secrets with which a device that dials in is claimed at once. */
interface EnrolmentsTable {
  id: string
  tenant_id: string
  name: string
  group_id: string | null
  /** SHA-256 of the secret, hexadecimal. */
  secret_hash: string
  /** None: any number of devices. */
  uses_left: number | null
  expires_at: number | null
  created_at: number
}

/** Identity providers whose tokens let in. */
interface IssuersTable {
  id: string
  tenant_id: string
  /** Unique in its tenant. */
  name: string
  /** The `iss` of its tokens. Unique in its tenant. */
  url: string
  /** JSON: a list; a token is for one of these. */
  audiences: string
  /** JSON: a list of JWS algorithms. */
  algorithms: string
  /** The claim that tells one who logs in from another. */
  name_claim: string
  /** JSON: a list of rules, see `IssuerRule`. */
  rules: string
  /** Certificates of authorities to trust besides the system's, PEM. */
  authorities: string | null
  created_at: number
  revision: number
}

/** Who has ever come with a token of an issuer. */
interface IssuerPrincipalsTable {
  issuer_id: string
  /** What the name claim says. */
  subject: string
  principal_id: string
}

/** Programs that connect devices, known by their keys. */
interface AgentsTable {
  principal_id: string
  /** Of its Ed25519 key, as RFC 7638 has it, in Base64url. Unique. */
  thumbprint: string
  /** The URL that it dialled when it was enrolled, and that its proofs are for. */
  audience: string
  /** The group that its devices join; none: each gets one of its own. */
  group_id: string | null
  last_seen_at: number | null
}

interface GroupsTable {
  id: string
  tenant_id: string
  /** Unique in its tenant. */
  name: string
  /** Key check value or unique id of the key domain that the members share, upper-case hexadecimal; none until one is known. */
  key_domain: string | null
  created_at: number
  revision: number
}

interface DevicesTable {
  id: string
  /** Certified path with dots. Unique. */
  path: string
  /** None: in quarantine. */
  tenant_id: string | null
  group_id: string | null
  /** Unique in its tenant. */
  name: string | null
  state: 'quarantined' | 'claimed' | 'retired'
  /** Members of the lowest number are asked first. */
  priority: number
  /** 1: only asked where no other member can. */
  standby: number
  /** The user PIN, sealed. */
  pin: Uint8Array | null
  /** 1: the device refused that PIN, and it is not presented again. */
  pin_refused: number
  /** JSON: what was last found out about it. */
  facts: string
  created_at: number
  last_seen_at: number | null
  revision: number
}

/** Work on devices that waits for people: days may pass between two of its steps. */
interface CeremoniesTable {
  id: string
  tenant_id: string
  device_id: string | null
  kind: string
  state: 'open' | 'done' | 'cancelled' | 'failed'
  /** JSON, of the kind. Never a secret. */
  data: string
  created_at: number
  updated_at: number
  revision: number
}

interface KeysTable {
  id: string
  tenant_id: string
  group_id: string
  /** Unique in its tenant. */
  name: string
  kind: 'EC' | 'RSA' | 'AES'
  /** A curve's name, or a number of bits. */
  parameter: string
  /** JSON: a list of the algorithms that its versions are made with; empty: all of the kind. */
  algorithms: string
  /** JSON: a list of tags. An operator needs one of them, if there are any. */
  tags: string
  /** How many members a version is on before it is told of. */
  durability: number
  /** How often each version may be used, counted by the card; none: without end. */
  use_counter: number | null
  /** The version that signs and encrypts; 0 until there is one. */
  primary_version: number
  /** Milliseconds from the primary version to the next one that the service makes by itself; none: never. */
  rotate_after: number | null
  created_at: number
  revision: number
}

interface KeyVersionsTable {
  id: string
  key_id: string
  /** 1, 2, … */
  version: number
  state: 'creating' | 'pre-active' | 'active' | 'suspended' | 'deactivated' | 'destroyed'
  state_since: number
  /** In words, where there is one. */
  reason: string | null
  /** What `creating` becomes, and what `destroyed` was: the state to go to, or to go back to. */
  other_state: 'pre-active' | 'active' | 'suspended' | 'deactivated'
  /** 1: it was on members before the service had a name for it. */
  adopted: Generated<number>
  /** PKCS #15 iD on the members, upper-case hexadecimal; none until it is made. */
  card_key_id: string | null
  label: string
  /** SubjectPublicKeyInfo; none for secret keys. */
  public_key: Uint8Array | null
  /** What instances of it have in common: see `HeldKey.identity`. */
  identity: string | null
  /** The key wrapped under its key domain, in sc-hsm-tool's file format; none where it cannot leave. */
  wrapped: Uint8Array | null
  key_domain: string | null
  /** The device's word that it has made the key, see `Attestation`; none of keys that were not made through the service. */
  attestation: Uint8Array | null
  /** X.509, DER. */
  certificate: Uint8Array | null
  /** JSON: what a secret key answers to an algorithm whose answers depend on nothing but the key, by which copies are known. */
  answer: string | null
  /** When a destroyed version is deleted from the members and cannot be restored any more. */
  destroy_at: number | null
  uses: number
  last_used_at: number | null
  created_at: number
}

interface InstancesTable {
  version_id: string
  device_id: string
  /** Key reference on the device. */
  reference: number
  state: 'verified' | 'unverified' | 'missing' | 'different'
  /** In words, where something is wrong. */
  reason: string | null
  checked_at: number
}

/** What is not to be on a device any more, or has to prove that it is to be there; deleted when the device is there. */
interface LeftoversTable {
  /** Certified path with dots. */
  device_path: string
  reference: number
  /** PKCS #15 iD, upper-case hexadecimal: what has another one is left alone. */
  card_key_id: string
  created_at: number
}

/** Data keys that a version has wrapped, so that it is known what hangs on it. Never the data keys themselves. */
interface DataKeysTable {
  /** Once for each version that it is known to be wrapped under. */
  id: string
  version_id: string
  /** What the caller calls what is encrypted with it. */
  reference: string | null
  created_at: number
  last_used_at: number
}

/** Everything that happened, in order: histories are read from it, and who listens is told from it. */
interface EventsTable {
  id: Generated<number>
  tenant_id: string | null
  at: number
  /** As `device.ready`, `key.created`. */
  type: string
  /** The id of what it happened to. */
  subject: string
  /** The id of the principal who did it; none: the service by itself. */
  actor: string | null
  /** JSON. Never a secret. */
  data: string
}

/** The audit log: what is in `line` counts, and the other columns are for searching. */
interface AuditTable {
  /** The id of a tenant, or `service`. */
  chain: string
  /** 0, 1, … without a gap. */
  seq: number
  /** Never less than that of the record before. */
  at: number
  /** The id of a principal. */
  actor: string | null
  /** Of an event: its type. */
  operation: string
  outcome: string
  /** The id of the request. */
  request: string | null
  /** Canonical JSON. */
  line: string
}

/** One row for each chain: where it ends, so that nothing is read to append to it, and from where on its records are kept. */
interface AuditChainsTable {
  chain: string
  /** How many records there have been. */
  size: number
  /** The hash of the last one, base64. */
  last: string
  at: number
  /** Roots of the complete subtrees that make up the tree, the largest first, base64 with spaces between them. */
  range: string
  /** The first record that is kept, and what stands for those before it: the hash of the last one, and their subtrees. */
  first: number
  first_prev: string
  first_range: string
  /** The id of the key that signs checkpoints beside the service. */
  checkpoint_key: string | null
  /** None: for ever. */
  retention_days: number | null
}

interface AuditCheckpointsTable {
  chain: string
  size: number
  at: number
  /** A signed note. */
  note: string
}

/** One row. */
interface AuditEventsTable {
  /** The id of the last event that is on record. */
  last: number
}

/** Writes that a client named, with their answers, so that it can ask again. */
interface IdempotencyTable {
  principal_id: string
  idempotency_key: string
  /** SHA-256 over operation, path and body, hexadecimal; where they hold a secret, sealed in Base64. */
  request_hash: string
  status: number
  /** JSON; where the request or the answer holds a secret, sealed in Base64. */
  answer: string
  created_at: number
}

export type Row<T extends keyof Tables> = Selectable<Tables[T]>
