export { AuditRecord, auditOperations } from './audit.ts'
export { Authority, authorityOperations } from './authorities.ts'
export { Ceremony, ceremonyOperations } from './ceremonies.ts'
export { type Client, type ClientOptions, createClient } from './client/client.ts'
export { ApiError } from './client/errors.ts'
export { type FollowOptions, followEvents } from './client/follow.ts'
export { everyItem } from './client/pages.ts'
export { type TestGroupOptions, testGroup } from './client/test-group.ts'
export { traceDevice } from './client/trace-device.ts'
export { ConnectionLost, fetchTransport, type Incoming, type Outgoing, type Send } from './client/transport.ts'
export {
  type BatchItem,
  cryptographyOperations,
  cryptographyStreams,
  isJoseName,
  type StreamOperation,
  signatureAlgorithms,
  signatureFormats,
} from './cryptography.ts'
export { Device, deviceOperations, type Traced } from './devices.ts'
export { Enrolment, enrolmentOperations } from './enrolments.ts'
export { Event, eventOperations } from './events.ts'
export { GroupTest, groupTestOperations } from './group-test.ts'
export { type GroupStatus, groupOperations } from './groups.ts'
export { issuerOperations } from './issuers.ts'
export { Key, keyOperations } from './keys.ts'
export { limitOperations, TenantUsage } from './limits.ts'
export { jsonSchema, openApiDocument } from './openapi/document.ts'
export { exampleOf } from './openapi/example.ts'
export type {
  Answer,
  AnswerInput,
  Body,
  BodyInput,
  Operation,
  PathParameters,
  ProgressInput,
  Query,
  QueryInput,
  RateClass,
} from './operation.ts'
export { operation } from './operation.ts'
export { type OperationName, type Operations, operations } from './operations.ts'
export { Passkey, peopleOperations, Session, SignIn } from './people.ts'
export { Credential, Principal, principalOperations } from './principals.ts'
export { type ProblemCode, type ProblemKind, problems } from './problems.ts'
export { type Role, roles } from './roles.ts'
export { serviceOperations } from './service.ts'
export { Tenant, tenantOperations } from './tenants.ts'
export { AddressRanges, Name, PageQuery, Problem, pageOf, Time, wanted } from './values.ts'
