/** The command line `keytether`: ends with the exit code that `--help` documents. */
import { run } from './program.ts'

// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on('error', error => {
  if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  process.exit(0)
})

process.exitCode = await run(process.argv.slice(2))
