export type {
  Answer,
  Body,
  BodyInput,
  Operation,
  PathParameters,
  Query,
  QueryInput,
  RateClass,
  Role,
} from './operation.ts'
export { operation, roles } from './operation.ts'
export { type OperationName, type Operations, operations } from './operations.ts'
export { Name, PageQuery, Problem, pageOf, Time, wanted } from './values.ts'
