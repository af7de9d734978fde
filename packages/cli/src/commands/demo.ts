import type { Command } from 'commander'
export function demo(_program: Command): void {}
