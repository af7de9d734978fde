import type { Command } from 'commander'
export function emulator(_program: Command): void {}
