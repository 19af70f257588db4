import { EngineError } from '../base/engine-error.ts'
import type { Context } from './context.ts'

/**
 * Runs `attempt` with the password it needs: asked for first with `-W`, asked for when the server wants one otherwise,
 * and never with `-w` or without a terminal. `wantsPassword` says whether what came back is the server's refusal.
 */
export async function withPassword<Result>(
  context: Context,
  attempt: (password: string | undefined) => Promise<Result>,
  wantsPassword: (result: Result) => boolean = () => false,
): Promise<Result> {
  const { given, world } = context
  given.refuseTogether('password', 'no-password')
  if (given.has('password')) return attempt(await ask(context))

  const canAsk = !given.has('no-password') && world.askPassword !== undefined
  try {
    const result = await attempt(undefined)
    return canAsk && wantsPassword(result) ? await attempt(await ask(context)) : result
  } catch (thrown) {
    const isRefused = thrown instanceof EngineError && thrown.code === 'server.auth-failed'
    if (!canAsk || !isRefused) throw thrown
    return attempt(await ask(context))
  }
}

async function ask({ log, signal, world }: Context): Promise<string> {
  if (world.askPassword === undefined) {
    throw new EngineError('usage.invalid', 'there is no terminal to ask for the password on', {
      hint: 'Put the password into ~/.pgpass and leave -W out.',
    })
  }
  const password = await world.askPassword('Password: ', signal)
  log.keepSecret(password)
  return password
}
