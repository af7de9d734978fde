/** The whole domain, put together. */
import { randomBytes } from 'node:crypto'
import { Appender } from './audit/appender.ts'
import { Audit } from './audit/audit.ts'
import { Checkpoints } from './audit/checkpoints.ts'
import { Keeper } from './audit/keeper.ts'
import { Authorities } from './authorities/authorities.ts'
import { Cryptography } from './cryptography/cryptography.ts'
import { Agents } from './devices/agents.ts'
import { Ceremonies } from './devices/ceremonies.ts'
import { Enrolments } from './devices/enrolments.ts'
import { LifeCycle } from './devices/life-cycle.ts'
import { Pins } from './devices/pins.ts'
import { Registry } from './devices/registry.ts'
import { Retirements } from './devices/retirement.ts'
import { Diagnosis } from './diagnosis/diagnosis.ts'
import type { Foundation } from './foundation.ts'
import { Groups } from './groups/groups.ts'
import { Events } from './history/events.ts'
import { History } from './history/history.ts'
import { Keys } from './keys/keys.ts'
import { Invitations } from './people/invitations.ts'
import { Passkeys } from './people/passkeys.ts'
import { Passwords } from './people/passwords.ts'
import { Sessions } from './people/sessions.ts'
import { SignIns } from './people/sign-ins.ts'
import { Placement } from './placement/placement.ts'
import { Bootstrap } from './principals/bootstrap.ts'
import { Credentials } from './principals/credentials.ts'
import { IssuedLogins } from './principals/issued.ts'
import { Issuers } from './principals/issuers.ts'
import { Logins } from './principals/logins.ts'
import { Principals } from './principals/principals.ts'
import { TenantLimits } from './principals/tenant-limits.ts'
import { Tenants } from './principals/tenants.ts'
import { Tries } from './principals/tries.ts'
import { Requests } from './requests/requests.ts'
import { Pools } from './scheduler/pools.ts'
import { Devices, type DevicesOptions } from './sessions/devices.ts'
import { rereading } from './store/reread.ts'
import { openStore } from './store/store.ts'
import type { MasterKey } from './vault/master-key.ts'
import { Vault } from './vault/vault.ts'

export interface HsmOptions {
  readonly devices: DevicesOptions
  /** `sqlite:PATH`, `sqlite::memory:` or `postgres://…`; default: a database that ends with the process. */
  readonly database?: string | undefined
  /** None: the vault stays sealed until somebody opens it; that of a database that ends with the process is open. */
  readonly masterKey?: MasterKey | undefined
}

export interface Hsm extends Foundation, AsyncDisposable {
  readonly startedAt: number
  readonly vault: Vault
  readonly tenants: Tenants
  readonly limits: TenantLimits
  readonly principals: Principals
  readonly credentials: Credentials
  readonly authorities: Authorities
  readonly bootstrap: Bootstrap
  readonly logins: Logins
  /** Tries to log in. */
  readonly tries: Tries
  readonly issuers: Issuers
  readonly issued: IssuedLogins
  /** Of people who have signed in. */
  readonly sessions: Sessions
  readonly passwords: Passwords
  readonly passkeys: Passkeys
  readonly invitations: Invitations
  readonly signIns: SignIns
  readonly registry: Registry
  readonly enrolments: Enrolments
  readonly agents: Agents
  readonly pins: Pins
  readonly lifeCycle: LifeCycle
  readonly ceremonies: Ceremonies
  readonly groups: Groups
  readonly placement: Placement
  readonly diagnosis: Diagnosis
  readonly retirements: Retirements
  readonly keys: Keys
  readonly cryptography: Cryptography
  readonly requests: Requests
  readonly events: Events
  readonly audit: Audit
  readonly checkpoints: Checkpoints
  readonly auditKeeper: Keeper
}

const inMemory = 'sqlite::memory:'

/** @throws HsmError `DATABASE`, `INVALID` if the master key is not the one of the database */
export async function openHsm({ devices: options, database = inMemory, masterKey }: HsmOptions): Promise<Hsm> {
  // What is open already when a later step fails is closed.
  await using opened = new AsyncDisposableStack()
  const store = opened.use(await openStore(database))
  const now = Date.now
  const history = new History(store, now)
  // It ends after all others, whose ends it records.
  const appender = opened.use(new Appender({ store, history }))
  const devices = new Devices(options)
  // What is known of devices is read before any of them can connect.
  const pools: Pools = new Pools(devices, device => registry.membershipOf(device))
  devices.pools = pools
  const foundation: Foundation = { store, history, devices, pools, now }
  const master = masterKey ?? (database === inMemory ? { key: randomBytes(32) } : undefined)
  const vault = await Vault.open(foundation, master)
  const logins = opened.use(new Logins(foundation))
  const tenants = await Tenants.open(foundation, logins)
  const limits = await TenantLimits.open(foundation)
  const principals = new Principals(foundation, logins)
  const credentials = new Credentials(foundation, logins, principals)
  const sessions = opened.use(new Sessions(foundation, logins))
  const passkeys = new Passkeys(foundation, logins, principals, sessions)
  const authorities = await Authorities.open(foundation, logins)
  const { admit = 'genuine', allowed = [], pins = new Map() } = options
  const named = new Set([...allowed, ...pins.keys()])
  const registry = await Registry.open(foundation, { main: tenants.main, genuine: admit === 'genuine', named })
  opened.defer(() => registry.settled())
  const devicePins = new Pins(foundation, registry, vault)
  devices.guard({
    admit: session => registry.admit(session),
    learn: (session, card) => registry.learn(session, card),
    pinOf: path => devicePins.of(path),
    pinRefused: (path, outcome) => devicePins.refused(path, outcome),
  })
  const groups = opened.use(new Groups(foundation, registry))
  const placement = opened.use(new Placement(foundation, groups))
  const keys = opened.use(await Keys.open(foundation, placement))
  opened.use(
    rereading(store, async () => {
      logins.forget()
      await authorities.reread()
      await registry.reread()
      await keys.reread()
      await limits.reread()
    }),
  )
  const requests = opened.use(new Requests(foundation, vault))
  const agents = opened.use(new Agents(foundation, logins))
  const issued = opened.use(new IssuedLogins(foundation, logins))
  const cryptography = new Cryptography(foundation, keys)
  const checkpoints = new Checkpoints({ ...foundation, vault, keys, cryptography })
  const auditKeeper = opened.use(new Keeper(foundation, vault, checkpoints))
  const all = opened.move()
  return {
    ...foundation,
    startedAt: now(),
    vault,
    tenants,
    limits,
    principals,
    credentials,
    authorities,
    bootstrap: new Bootstrap(foundation, principals, tenants.main),
    logins,
    tries: new Tries(() => performance.now()),
    issuers: new Issuers(foundation, logins),
    issued,
    sessions,
    passwords: new Passwords(foundation, logins, sessions),
    passkeys,
    invitations: new Invitations(foundation, logins),
    signIns: new SignIns(foundation, logins, principals, passkeys, sessions),
    registry,
    enrolments: new Enrolments(foundation),
    agents,
    pins: devicePins,
    lifeCycle: new LifeCycle(store, registry, devicePins, options.roots),
    ceremonies: new Ceremonies(foundation, registry),
    groups,
    placement,
    diagnosis: new Diagnosis(foundation, placement),
    retirements: new Retirements(foundation, registry, vault, options.roots),
    keys,
    cryptography,
    requests,
    events: new Events(foundation),
    audit: new Audit(foundation, appender),
    checkpoints,
    auditKeeper,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}
