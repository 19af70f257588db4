import { isMainThread } from 'node:worker_threads'

// Loaded before a program (see startCli). As soon as that has said a text on standard error it sends itself a signal: a
// test that heard it first and sent the signal then could come too late, however little it waits.

const text = process.env['TIDEMARK_SIGNAL_AT'] ?? ''
const signal = process.env['TIDEMARK_SIGNAL'] ?? 'SIGKILL'

if (isMainThread && text !== '') {
  const { stderr } = process
  const write = stderr.write.bind(stderr)
  let said = ''
  stderr.write = (chunk: string | Uint8Array) => {
    const isTaken = write(chunk)
    said += chunk.toString()
    if (said.includes(text)) {
      stderr.write = write
      process.kill(process.pid, signal)
    }
    return isTaken
  }
}
