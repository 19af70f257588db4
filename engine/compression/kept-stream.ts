import type { Zlib } from 'node:zlib'

/** What a stream of `node:zlib` works with. Not documented, and the same since Node 11. */
type Handle = {
  onerror: (message: string, errno: number, code: string) => void
  /** Leaves what is left of the room for output, and of the input, in the state of its stream. */
  writeSync(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputBytes: number,
    output: Uint8Array,
    outputAt: number,
    outputBytes: number,
  ): void
  reset(): void
}

/**
 * One stream that is used for page after page. The functions of `node:zlib` make a stream, some 256 KiB, and a buffer for
 * each call, which takes a quarter of their time and leaves tens of megabytes to the collector.
 */
export type KeptStream = {
  /**
   * Puts all of `input` through as one whole stream. Gives how many bytes of `output` were filled; undefined when it was
   * not enough room or the input is not what it should be.
   */
  process(input: Uint8Array, output: Uint8Array): number | undefined
}

/** Undefined where this runtime keeps its streams in another way: then the functions of `node:zlib` have to do. */
export function keepStream(stream: Zlib, finish: number): KeptStream | undefined {
  const { _handle: handle, _writeState: state } = stream as { _handle?: unknown; _writeState?: unknown }
  if (!isHandle(handle) || !(state instanceof Uint32Array) || state.length < 2) return undefined
  let hasFailed = false
  const onError: Handle['onerror'] = () => {
    hasFailed = true
  }
  Object.assign(handle, { onerror: onError })
  return {
    process: (input, output) => {
      hasFailed = false
      handle.writeSync(finish, input, 0, input.length, output, 0, output.length)
      const left = state[0] as number
      handle.reset()
      return hasFailed || left === 0 ? undefined : output.length - left
    },
  }
}

function isHandle(value: unknown): value is Handle {
  return (
    typeof value === 'object' &&
    value !== null &&
    'writeSync' in value &&
    typeof value.writeSync === 'function' &&
    'reset' in value &&
    typeof value.reset === 'function'
  )
}
