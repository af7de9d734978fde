/** What the emulated card says it is: a SmartCard-HSM of version 4.1. */
export const version = { type: 0x00, major: 4, minor: 1 } as const
