import { EngineError } from '../../base/engine-error.ts'
import type { Run } from '../../base/run.ts'
import { lockConfig } from '../../catalog/config-lock.ts'
import { readConfigText, requireCatalog, writeConfigText } from '../../catalog/instance.ts'
import { configFile } from '../../catalog/paths.ts'
import type { InstanceConfig } from '../../format/instance-config.ts'
import { type ConfigPlan, planConfig } from './plan.ts'

/**
 * Changes settings of an instance. Only the lines of those are touched, and the file is replaced as a whole or not at
 * all, and only when something differs. Whoever saves at the same time waits, in this process and in others.
 *
 * @throws {EngineError} `value.malformed` naming the key; `plan.stale` when `hash` is that of another file or change;
 * `catalog.locked` when another process does not come to an end
 */
export async function changeConfig(input: ChangeConfigInput, run: Run): Promise<InstanceConfig> {
  const file = configFile(input.catalog, input.instance)
  const before = saving.get(file) ?? Promise.resolve()
  const mine = before.then(async () => await saveConfig(input, run))
  const ended = mine
    .catch(() => undefined)
    .then(() => {
      if (saving.get(file) === ended) saving.delete(file)
    })
  saving.set(file, ended)
  return await mine
}

export type ChangeConfigInput = {
  readonly catalog: string
  readonly instance: string
  readonly values: Readonly<Record<string, string>>
  /** Of the plan that was shown. */
  readonly hash?: string | undefined
}

/** Who reads a file that another one is about to replace would take back what that one saves. */
const saving = new Map<string, Promise<unknown>>()

async function saveConfig(input: ChangeConfigInput, run: Run): Promise<InstanceConfig> {
  const { catalog, instance, values, hash } = input
  await requireCatalog(catalog)
  const planNow = (): ConfigPlan => planConfig(readConfigText(catalog, instance), values)
  const seen = planNow()
  await using lock = seen.changed.length === 0 ? undefined : await lockConfig(catalog, instance, run.signal)
  const plan = lock === undefined ? seen : planNow()
  const [problem] = plan.problems
  if (problem !== undefined) throw problem.error
  if (hash !== undefined && hash !== plan.hash) {
    throw new EngineError('plan.stale', `the configuration of instance "${instance}" has changed meanwhile`, {
      hint: 'Nothing was saved. Look at it again, then save.',
    })
  }
  if (plan.changed.length > 0) {
    await writeConfigText(catalog, instance, plan.content)
    run.log.info(`changed ${plan.changed.join(', ')} of instance "${instance}"`)
  }
  return plan.config
}
