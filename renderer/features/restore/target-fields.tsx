import { type FormEvent, useState } from 'react'
import type { BackupRecord } from '../../../engine/api/contract/backups.ts'
import type { RestorePointRecord } from '../../../engine/api/contract/wal-index.ts'
import { formatTime, zoneOf } from '../../lib/format.ts'
import { useTexts } from '../../lib/i18n.ts'
import { isoOfMs, msOfIso } from '../../lib/micro-time.ts'
import { useStore } from '../../lib/stores.ts'
import { useNow } from '../../lib/use-now.ts'
import { isUtcZone, offsetMs } from '../../lib/zone-time.ts'
import type { IsoTime } from '../../../engine/base/iso-time.ts'
import type { Moment } from '../../pictures/recovery-timeline.tsx'
import { TimeField } from '../../ui/time-field.tsx'
import { atPoint, type MomentChoice } from './moment-choice.ts'

/** The key B leads to it. */
export const BASE_SELECT = 'restore-base'

const KINDS = ['time', 'xid', 'lsn', 'name'] as const
type Kind = (typeof KINDS)[number]

/** The same moment typed: a time with its zone, a transaction, an LSN, or a restore point, and from which backup. */
export function TargetFields(props: {
  readonly choice: MomentChoice | undefined
  readonly handle: Moment | undefined
  readonly points: readonly RestorePointRecord[]
  readonly backups: readonly BackupRecord[]
  readonly onChoose: (choice: MomentChoice) => void
}) {
  const { choice, handle, points, backups, onChoose } = props
  const { say } = useTexts()
  const target = choice?.target
  const chosenKind = KINDS.find((kind) => kind === target?.kind)
  const [picked, setPicked] = useState<{ readonly kind: Kind; readonly of: MomentChoice | undefined }>()
  // What was picked holds until something else is chosen.
  const kind = picked !== undefined && picked.of === choice ? picked.kind : (chosenKind ?? 'time')
  const shared = {
    isInclusive: choice?.isInclusive ?? true,
    timeline: undefined,
    baseId: choice?.baseId,
    at: undefined,
  }
  const timeMs = target?.kind === 'time' ? msOfIso(target.at as IsoTime) : handle?.ms
  const canExclude =
    target !== undefined && (target.kind === 'time' || target.kind === 'xid' || target.kind === 'lsn')
  return (
    <div className="target-fields">
      <div className="kinds" role="radiogroup" aria-label={say('moment.by')}>
        {KINDS.map((one) => (
          <label key={one}>
            <input
              type="radio"
              name="target-kind"
              checked={kind === one}
              onChange={() => setPicked({ kind: one, of: choice })}
            />
            <span>{say(`moment.by-${one}`)}</span>
          </label>
        ))}
      </div>
      {kind === 'time' ? (
        <TimeTarget
          ms={timeMs}
          onChange={(ms) =>
            onChoose({
              ...shared,
              timeline: handle?.timeline,
              target: { kind: 'time', at: isoOfMs(ms) },
              at: handle && { timeline: handle.timeline, ms },
            })
          }
        />
      ) : null}
      {kind === 'xid' || kind === 'lsn' ? (
        <TextTarget
          key={`${kind} ${target?.kind === 'xid' ? target.xid : target?.kind === 'lsn' ? target.lsn : ''}`}
          kind={kind}
          initial={
            kind === 'xid' && target?.kind === 'xid'
              ? target.xid
              : kind === 'lsn' && target?.kind === 'lsn'
                ? target.lsn
                : ''
          }
          onUse={(text) =>
            onChoose({ ...shared, target: kind === 'xid' ? { kind, xid: text } : { kind, lsn: text } })
          }
        />
      ) : null}
      {kind === 'name' ? (
        <NameTarget
          points={points}
          chosen={target?.kind === 'name' ? target.name : ''}
          onUse={(name) => onChoose({ ...shared, isInclusive: true, target: { kind: 'name', name } })}
          onPoint={(point) => onChoose(atPoint(point, choice?.baseId))}
        />
      ) : null}
      <label className="field check">
        <input
          type="checkbox"
          disabled={choice === undefined || !canExclude}
          checked={canExclude && choice?.isInclusive === false}
          onChange={(event) => {
            if (choice !== undefined) onChoose({ ...choice, isInclusive: !event.target.checked })
          }}
        />
        <span>{say('moment.exclusive')}</span>
      </label>
      <label className="field base">
        <span>{say('moment.base')}</span>
        <select
          id={BASE_SELECT}
          value={choice?.baseId ?? ''}
          onChange={(event) => {
            const id = event.target.value
            if (choice !== undefined) onChoose({ ...choice, baseId: id === '' ? undefined : id })
          }}
        >
          <option value="">{say('moment.base-auto')}</option>
          {backups
            .filter(({ isRestorable }) => isRestorable)
            .map(({ id, mode }) => (
              <option key={id} value={id}>
                {mode} {id}
              </option>
            ))}
        </select>
      </label>
    </div>
  )
}

function TimeTarget(props: { readonly ms: number | undefined; readonly onChange: (ms: number) => void }) {
  const { say } = useTexts()
  const setting = useStore((store) => store.settings.timeZone)
  // The zone of a computer may be UTC as well: it is offered once.
  const isOnlyUtc = isUtcZone(zoneOf(setting))
  const [isUtc, setUtc] = useState(isOnlyUtc)
  const zone = isUtc || isOnlyUtc ? 'utc' : setting
  const nowMs = useNow()
  const offset = offsetText(offsetMs(props.ms ?? nowMs, setting))
  return (
    <TimeField
      label={say('moment.by-time')}
      partLabel={(part) => say(`time.${part}`)}
      ms={props.ms}
      zone={zone}
      onChange={props.onChange}
      unreadable={(text) => say('time.unreadable', { text })}
    >
      <select
        aria-label={say('time.zone')}
        value={isUtc || isOnlyUtc ? 'utc' : 'setting'}
        onChange={(event) => setUtc(event.target.value === 'utc')}
      >
        {isOnlyUtc ? null : <option value="setting">{`${offset} ${zoneOf(setting)}`}</option>}
        <option value="utc">+00:00 UTC</option>
      </select>
    </TimeField>
  )
}

function offsetText(ms: number): string {
  const minutes = Math.abs(ms) / 60_000
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0')
  return `${ms < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`
}

function TextTarget(props: {
  readonly kind: 'xid' | 'lsn'
  readonly initial: string
  readonly onUse: (text: string) => void
}) {
  const { kind, initial, onUse } = props
  const { say } = useTexts()
  const [text, setText] = useState(initial)
  const trimmed = text.trim()
  const isFitting =
    kind === 'xid' ? /^\d{1,20}$/.test(trimmed) : /^[\dA-F]{1,8}\/[\dA-F]{1,8}$/i.test(trimmed)
  const use = (event: FormEvent): void => {
    event.preventDefault()
    if (isFitting) onUse(trimmed)
  }
  return (
    <form className="row" onSubmit={use}>
      <input
        className="mono"
        aria-label={say(`moment.by-${kind}`)}
        placeholder={kind === 'xid' ? '48213' : '0/7C01A2F8'}
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit" className="button" disabled={!isFitting}>
        {say('moment.go')}
      </button>
    </form>
  )
}

const MANY = 40

function NameTarget(props: {
  readonly points: readonly RestorePointRecord[]
  readonly chosen: string
  readonly onUse: (name: string) => void
  readonly onPoint: (point: RestorePointRecord) => void
}) {
  const { points, chosen, onUse, onPoint } = props
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const [text, setText] = useState(chosen)
  const found = points.filter(({ name }) => name.includes(text.trim())).slice(0, MANY)
  return (
    <div className="names">
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault()
          if (text.trim() !== '') onUse(text.trim())
        }}
      >
        <input
          className="mono"
          aria-label={say('moment.by-name')}
          spellCheck={false}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit" className="button" disabled={text.trim() === ''}>
          {say('moment.go')}
        </button>
      </form>
      {points.length === 0 ? <p className="quiet">{say('moment.no-points')}</p> : null}
      <ul className="plain-list">
        {found.map((point) => (
          <li key={`${point.timeline} ${point.lsn}`}>
            <button
              type="button"
              className="button small"
              aria-pressed={point.name === chosen}
              onClick={() => {
                setText(point.name)
                onPoint(point)
              }}
            >
              <span className="mono">{point.name}</span>
              <span className="quiet">{formatTime(point.at, zone)}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}
