import type { PromiseRecord } from '../../../engine/api/contract/retention.ts'
import type { IsoTime } from '../../../engine/base/iso-time.ts'
import { formatTime } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { useStore } from '../../lib/stores.ts'

const MOST_SPANS = 3

/** What the policy promises against what can be reached once the plan is carried out. */
export function PromiseCard(props: {
  /** Undefined while it is being asked for. */
  readonly promise: PromiseRecord | undefined
  /** The day that it is about, where that is not today. */
  readonly asOf: string | undefined
}) {
  const { promise, asOf } = props
  const { say } = useTexts()
  const isBroken = promise !== undefined && promise.broken.length > 0
  return (
    <section
      className={isBroken ? 'card promise is-broken' : 'card promise'}
      aria-label={say('promise.title')}
    >
      <h2>
        {say('promise.title')}{' '}
        {asOf === undefined ? null : <span className="quiet">{say('promise.as-of', { date: asOf })}</span>}
      </h2>
      {promise === undefined ? (
        <p className="quiet">{say('promise.asking')}…</p>
      ) : (
        <PromiseFacts promise={promise} />
      )}
    </section>
  )
}

/** The same facts, also in the sheet of the plan. */
export function PromiseFacts({ promise }: { readonly promise: PromiseRecord }) {
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const { broken, promised, earliestBefore, earliestAfter, lost, lostCount, strandedIds } = promise
  const back = (time: IsoTime | undefined): string =>
    time === undefined
      ? say('promise.nothing')
      : say('promise.every-moment', { time: formatTime(time, zone) })
  const isShort =
    promised !== undefined && earliestAfter !== undefined && Date.parse(earliestAfter) > Date.parse(promised)
  return (
    <>
      <dl className="facts numbers">
        <dt>{say('promise.promised')}</dt>
        <dd>{promised === undefined ? say('promise.none') : back(promised)}</dd>
        <dt>{say('promise.before')}</dt>
        <dd>{back(earliestBefore)}</dd>
        <dt>{say('promise.actual')}</dt>
        <dd>{back(earliestAfter)}</dd>
      </dl>
      {broken.map((one) => (
        <p key={one} className="status broken" role="alert">
          ✕ {say(`promise.${one}`)}
        </p>
      ))}
      {broken.length > 0 ? null : (
        <p className={isShort ? 'status look' : 'quiet'}>{say(isShort ? 'promise.short' : 'promise.held')}</p>
      )}
      {strandedIds.length === 0 ? null : (
        <p className="status look">
          ⚠ {say('promise.stranded', { ids: strandedIds.slice(0, 12).join(', ') })}
        </p>
      )}
      {lostCount === 0 ? null : (
        <div>
          <p>{say('promise.lost', { count: lostCount })}</p>
          <ul className="plain-list numbers quiet">
            {lost.slice(0, MOST_SPANS).map(({ timeline, from, to, fromLsn, toLsn }) => (
              <li key={`${timeline} ${fromLsn}`}>
                {say('promise.lost-span', {
                  from: from === undefined ? fromLsn : formatTime(from, zone),
                  to: to === undefined ? toLsn : formatTime(to, zone),
                  timeline,
                })}
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  )
}
