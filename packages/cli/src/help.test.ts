import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commandTree, helpOf } from '@keytether/test/help'
import type { Command } from 'commander'
import { createProgram } from './program.ts'

function nameOf(command: Command): string {
  return command.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name()
}

for (const command of commandTree(createProgram())) {
  const name = nameOf(command)
  test(`${name} --help`, () => {
    const help = helpOf(command)
    assert.ok(help.startsWith(`Usage: ${name} `), help)
    assert.notEqual(command.description(), '', 'says what it is for')
    // Arguments can be read by other users of the machine: of a secret, they say where it is.
    const secrets = command.options.filter(({ long }) => /(pin|password|passphrase|token|secret)$/.test(long ?? ''))
    for (const { flags } of secrets) assert.doesNotMatch(flags, /[<[](?!end>)/, flags)
  })
}
