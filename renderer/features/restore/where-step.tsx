import type { RestorePlan } from '../../../engine/api/contract/restore.ts'
import { formatBytes, formatTime } from '../../lib/format.ts'
import { saySentence, useTexts } from '../../lib/i18n.ts'
import { PathField } from '../../lib/path-field.tsx'
import { useStore } from '../../lib/stores.ts'
import { Mappings, MARKS, TONES } from './mappings-table.tsx'
import { isAbsolute, mappingsOf, movedTo, type Place, type RestoreDraft } from './restore-draft.ts'

const PLACES = ['scratch', 'directory', 'in-place'] as const

/** Where the cluster goes. */
export function WhereStep(props: {
  readonly draft: RestoreDraft
  readonly scratch: string
  /** The data directory of the running cluster, where it is known. */
  readonly own: string | undefined
  readonly outside: RestorePlan
  readonly plan: RestorePlan | undefined
  readonly onChange: (changes: Partial<RestoreDraft>) => void
}) {
  const { draft, scratch, own, outside, plan, onChange } = props
  const { say } = useTexts()
  const { tablespaceMapping, externalMapping } = mappingsOf(draft, scratch, outside)
  const move = (from: string, to: string): void => onChange({ moved: { ...draft.moved, [from]: to } })
  const choose = (place: Place): void => {
    if (place === draft.place) return
    const typed = draft.place === 'directory' ? draft.directory : ''
    onChange(movedTo(place, place === 'in-place' ? (own ?? '') : typed))
  }
  return (
    <>
      <div className="places" role="radiogroup" aria-label={say('restore.where')}>
        {PLACES.map((place) => (
          <label key={place} className={place === 'in-place' ? 'place grave' : 'place'}>
            <input type="radio" name="place" checked={draft.place === place} onChange={() => choose(place)} />
            <span>
              <strong>{say(`restore.${place}`)}</strong>
              {place === 'scratch' ? <em>{say('restore.recommended')}</em> : null}
              <small>{say(`restore.${place}-text`)}</small>
            </span>
          </label>
        ))}
      </div>
      {draft.place === 'scratch' ? (
        <p>
          {say('restore.path')}: <code>{scratch}/data</code>
        </p>
      ) : (
        <PathField
          label={say('restore.path')}
          hint={
            draft.directory === '' || isAbsolute(draft.directory) ? undefined : say('restore.not-absolute')
          }
          value={draft.directory}
          onChange={(directory) => onChange({ directory })}
        />
      )}
      {plan === undefined || draft.place === 'scratch' ? null : <PlaceLine plan={plan} />}
      {plan === undefined ? null : <WhatIsThere plan={plan} draft={draft} onChange={onChange} />}
      <Mappings title={say('restore.tablespaces')} rows={tablespaceMapping} plan={plan} onMove={move} />
      <Mappings title={say('restore.externals')} rows={externalMapping} plan={plan} onMove={move} />
      {plan === undefined ? null : <Rooms plan={plan} />}
    </>
  )
}

/** What was seen of the data directory, as soon as it is named. */
function PlaceLine({ plan }: { readonly plan: RestorePlan }) {
  const { say } = useTexts()
  const seen = plan.preflight.filter(
    ({ code, sentence }) =>
      (code === 'target-directory' || code === 'server-stopped') &&
      sentence.values['path'] === plan.dataDirectory,
  )
  return seen.map(({ state, sentence, hint }) => (
    <p key={sentence.code} className={TONES[state]}>
      <span className="wraps">
        {MARKS[state]} {saySentence(say, 'preflight', sentence)}
        {hint === undefined || state !== 'blocked' ? null : (
          <small className="quiet">{saySentence(say, 'preflight-hint', hint)}</small>
        )}
      </span>
    </p>
  ))
}

/** A directory that is not empty: a restore to go on with, or the ways to keep what is the same. */
function WhatIsThere(props: {
  readonly plan: RestorePlan
  readonly draft: RestoreDraft
  readonly onChange: (changes: Partial<RestoreDraft>) => void
}) {
  const { plan, draft, onChange } = props
  const { say } = useTexts()
  const zone = useStore((store) => store.settings.timeZone)
  const { incremental } = plan
  if (draft.place === 'scratch' || (incremental === undefined && !draft.movesAside)) return null
  // What is moved aside is not looked into.
  const modes = incremental?.modes ?? [{ mode: 'checksum' as const, isPossible: true, reason: undefined }]
  const continues = incremental?.continues
  if (continues !== undefined) {
    return (
      <p className="notice">
        <strong>{say('wizard.continues')}</strong>{' '}
        {say('wizard.continues-text', {
          id: continues.backupId,
          instance: continues.instance,
          at: formatTime(continues.startedAt as never, zone),
        })}
      </p>
    )
  }
  return (
    <fieldset className="choices">
      <legend>{say('wizard.there')}</legend>
      {draft.place === 'directory' ? (
        <Mode
          name="none"
          isChosen={draft.incrementalMode === 'none' && !draft.movesAside}
          isPossible
          reason={undefined}
          onChoose={() => onChange({ incrementalMode: 'none', movesAside: false })}
        />
      ) : null}
      <Mode
        name="aside"
        isChosen={draft.movesAside}
        isPossible
        reason={undefined}
        onChoose={() => onChange({ incrementalMode: 'none', movesAside: true })}
      />
      {modes.map(({ mode, isPossible, reason }) => (
        <Mode
          key={mode}
          name={mode}
          isChosen={draft.incrementalMode === mode}
          isPossible={isPossible}
          reason={reason === undefined ? undefined : saySentence(say, 'preflight', reason)}
          onChoose={() => onChange({ incrementalMode: mode, movesAside: false })}
        />
      ))}
      {incremental === undefined || incremental.mode === 'none' ? null : (
        <p className="quiet">
          {say('wizard.incremental-figures', {
            reused: formatBytes(incremental.reusableBytes),
            files: incremental.deletedFiles,
            bytes: formatBytes(incremental.deletedBytes),
          })}
        </p>
      )}
    </fieldset>
  )
}

function Mode(props: {
  readonly name: 'none' | 'aside' | 'checksum' | 'lsn'
  readonly isChosen: boolean
  readonly isPossible: boolean
  readonly reason: string | undefined
  readonly onChoose: () => void
}) {
  const { name, isChosen, isPossible, reason, onChoose } = props
  const { say } = useTexts()
  return (
    <label className="mode-line">
      <input
        type="radio"
        name="incremental-mode"
        checked={isChosen}
        disabled={!isPossible && !isChosen}
        onChange={onChoose}
      />
      <span>
        {say(`wizard.mode-${name}`)}
        <small className="quiet">{reason ?? say(`wizard.mode-${name}-text`)}</small>
      </span>
    </label>
  )
}

/** What each place needs of what is free there. */
function Rooms({ plan }: { readonly plan: RestorePlan }) {
  const { say } = useTexts()
  if (plan.rooms.length === 0) return null
  return (
    <div className="stack rooms">
      <h2>{say('wizard.room')}</h2>
      {plan.rooms.map(({ path, needBytes, freeBytes }) => {
        const share = freeBytes === undefined || freeBytes === 0 ? 1 : Math.min(1, needBytes / freeBytes)
        const isShort = freeBytes !== undefined && needBytes > freeBytes
        return (
          <div key={path}>
            <div className="row">
              <span className="mono grow path">{path}</span>
              <span className={isShort ? 'status broken' : 'quiet numbers'}>
                {freeBytes === undefined
                  ? say('preflight.space-unknown', { need: formatBytes(needBytes) })
                  : say(isShort ? 'preflight.space-short' : 'preflight.space-enough', {
                      need: formatBytes(needBytes),
                      free: formatBytes(freeBytes),
                    })}
              </span>
            </div>
            {freeBytes === undefined ? null : (
              <div className="bar" aria-hidden="true">
                <i
                  style={{
                    width: `${Math.max(0.5, share * 100)}%`,
                    background: isShort ? 'var(--broken)' : 'var(--mark-strong)',
                  }}
                />
              </div>
            )}
          </div>
        )
      })}
    </div>
  )
}
