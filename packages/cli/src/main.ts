/** The command line `keytether`: ends with the exit code that `--help` documents. */
import { run } from './program.ts'

// A call to a card reader keeps a thread of libuv's pool until the card has answered, and a card may take a minute to make
// a key. Four threads, as they are by default, would let four such cards stop every other one, and all access to files
// with them. The pool reads this when it is first used, which nothing above does.
process.env.UV_THREADPOOL_SIZE ??= '64'

// A reader that has seen enough, such as `head`, is no failure, and no reason to leave half done what is being done to a card.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', error => {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  })
}

process.exitCode = await run(process.argv.slice(2))
