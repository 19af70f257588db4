import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { askPassword } from './ask-password.ts'

function terminal() {
  const rawModes: boolean[] = []
  const keyboard = Object.assign(new PassThrough(), { setRawMode: (isRaw: boolean) => rawModes.push(isRaw) })
  const screen = new PassThrough()
  return { keyboard, screen, rawModes, shown: () => String(screen.read()) }
}

const NEVER = new AbortController().signal

test.each([
  ['s3cret\r', 's3cret'],
  ['with space and ümlaut\n', 'with space and ümlaut'],
  ['wrong\x7f\x7f\x7f\x7f\x7fright\r', 'right'],
  ['\x7f\x7fx\r', 'x'],
  ['\r', ''],
])('reads %j and shows nothing of it', async (keys, password) => {
  const { keyboard, screen, rawModes, shown } = terminal()
  const asked = askPassword({ keyboard, screen }, 'Password: ', NEVER)
  // One byte at a time: a letter of two bytes may arrive in halves.
  for (const byte of Buffer.from(keys)) keyboard.write(Buffer.of(byte))

  expect(await asked).toBe(password)
  expect(shown()).toBe('Password: \n')
  expect(rawModes).toEqual([true, false])
})

test('the terminal is silent before the question is there', () => {
  const { keyboard, screen, rawModes } = terminal()
  const write = screen.write.bind(screen)
  let wasSilent = false
  screen.write = (chunk: unknown) => {
    wasSilent = rawModes.at(-1) === true
    return write(chunk)
  }
  void askPassword({ keyboard, screen }, 'Password: ', NEVER)

  expect(wasSilent).toBe(true)
})

test('Ctrl-C cancels and gives the terminal back', async () => {
  const { keyboard, screen, rawModes } = terminal()
  const asked = askPassword({ keyboard, screen }, 'Password: ', NEVER)
  keyboard.write('abc\x03')

  await expect(asked).rejects.toMatchObject({ code: 'run.cancelled' })
  expect(rawModes).toEqual([true, false])
})

test('a request to end cancels, and leaves no listener behind', async () => {
  const { keyboard, screen, rawModes } = terminal()
  const stop = new AbortController()
  const asked = askPassword({ keyboard, screen }, 'Password: ', stop.signal)
  stop.abort(new Error('ending'))

  await expect(asked).rejects.toThrow('ending')
  expect(rawModes).toEqual([true, false])
  expect(keyboard.listenerCount('data')).toBe(0)
})
