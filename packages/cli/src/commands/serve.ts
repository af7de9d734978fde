import type { Command } from 'commander'
export function serve(_program: Command): void {}
