import type { Command } from 'commander'
export function agent(_program: Command): void {}
