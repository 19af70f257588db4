import { useId } from 'react'
import type { BackupEstimate, BackupRequest, ModeOutlook } from '../../../engine/api/contract/backups.ts'
import { saySentence, useTexts } from '../../lib/i18n.ts'
import { sayBases, sayBytes, saySeconds } from '../../lib/estimate-texts.ts'
import { sayChoice, sayReasons } from './mode-texts.ts'
import './mode-chooser.css'

type Mode = BackupRequest['mode']

const MODES = ['AUTO', 'FULL', 'DELTA', 'PAGE', 'PTRACK'] as const satisfies readonly Mode[]
const FIGURES = ['reads', 'stores', 'takes'] as const

/**
 * The modes as a group of radio buttons, each with what it would come to. Without an estimate every mode can be chosen:
 * the engine refuses what is not possible.
 */
export function ModeChooser(props: {
  readonly mode: Mode
  readonly estimate: BackupEstimate | undefined
  /** An answer is on its way; the figures that are shown may be those of an earlier question. */
  readonly isAsking: boolean
  readonly onChange: (mode: Mode) => void
}) {
  const { mode: chosen, estimate, isAsking, onChange } = props
  const { say } = useTexts()
  const id = useId()
  return (
    <div className="modes" role="radiogroup" aria-labelledby={id} aria-busy={isAsking}>
      <div className="modes-head">
        <h3 id={id}>{say('backup.mode')}</h3>
        {FIGURES.map((figure) => (
          <span key={figure} aria-hidden="true">
            {say(`backup.${figure}`)}
          </span>
        ))}
      </div>
      {MODES.map((mode) => (
        <ModeCard
          key={mode}
          mode={mode}
          isChosen={mode === chosen}
          outlook={outlookOf(estimate, mode)}
          auto={mode === 'AUTO' ? estimate?.auto : undefined}
          isBlind={mode === 'AUTO' && estimate !== undefined && estimate.auto === undefined}
          isAsking={isAsking}
          onChoose={() => onChange(mode)}
        />
      ))}
      <p className="visually-hidden" role="status">
        {isAsking ? say('backup.asking') : ''}
      </p>
    </div>
  )
}

/** What is known of a mode. AUTO is as the mode that it stands for. */
export function outlookOf(estimate: BackupEstimate | undefined, mode: Mode): ModeOutlook | undefined {
  const meant = mode === 'AUTO' ? estimate?.auto?.mode : mode
  return estimate?.modes.find((one) => one.mode === meant)
}

function ModeCard(props: {
  readonly mode: Mode
  readonly isChosen: boolean
  readonly outlook: ModeOutlook | undefined
  /** What AUTO stands for now; undefined for other modes and where it is not known. */
  readonly auto: BackupEstimate['auto']
  /** This is AUTO, and the server cannot be asked. */
  readonly isBlind: boolean
  readonly isAsking: boolean
  readonly onChoose: () => void
}) {
  const { mode, isChosen, outlook, auto, isBlind, isAsking, onChoose } = props
  const { say } = useTexts()
  const id = useId()
  const isImpossible = outlook?.possibility === 'impossible'
  const now = isImpossible
    ? say('backup.impossible', { reason: sayReasons(say, outlook.reasons) })
    : auto !== undefined
      ? say('backup.auto-now', { mode: auto.mode, reason: sayChoice(say, auto) })
      : isBlind
        ? say('backup.auto-later')
        : ''
  const advice = outlook?.advice === undefined ? '' : saySentence(say, 'mode-advice', outlook.advice)
  return (
    <label className="mode">
      <input
        type="radio"
        name="mode"
        checked={isChosen}
        disabled={isImpossible}
        aria-labelledby={`${id}-name`}
        aria-describedby={`${id}-text ${id}-figures`}
        onChange={onChoose}
        data-first={isChosen ? '' : undefined}
      />
      <strong id={`${id}-name`}>{mode}</strong>
      <Figures id={`${id}-figures`} outlook={outlook} isAsking={isAsking} isImpossible={isImpossible} />
      <small id={`${id}-text`}>
        {say(`backup.mode-${mode}`)} <b>{now}</b> {isImpossible ? advice : ''}
      </small>
    </label>
  )
}

function Figures(props: {
  readonly id: string
  readonly outlook: ModeOutlook | undefined
  readonly isAsking: boolean
  readonly isImpossible: boolean
}) {
  const { id, outlook, isAsking, isImpossible } = props
  const { say } = useTexts()
  if (outlook === undefined && isAsking) {
    return (
      <span className="mode-figures" id={id}>
        {FIGURES.map((figure) => (
          <span key={figure} className="skeleton" aria-hidden="true" />
        ))}
      </span>
    )
  }
  if (outlook === undefined || isImpossible) return <span className="mode-figures" id={id} />
  const texts = {
    reads: sayBytes(say, outlook.readBytes),
    stores: sayBytes(say, outlook.storedBytes),
    takes: saySeconds(say, outlook.seconds),
  }
  return (
    <span className="mode-figures" id={id}>
      {FIGURES.map((figure) => (
        <span key={figure}>
          <span className="visually-hidden">{say(`backup.${figure}`)} </span>
          {texts[figure]}
        </span>
      ))}
    </span>
  )
}

/** What the figures of one mode rest on. */
export function EstimateBases({ outlook }: { readonly outlook: ModeOutlook }) {
  const { say } = useTexts()
  const rows = {
    reads: sayBases(say, outlook.readBytes),
    stores: sayBases(say, outlook.storedBytes),
    takes: sayBases(say, outlook.seconds),
  }
  return (
    <details className="bases">
      <summary>{say('backup.rests-on', { mode: outlook.mode })}</summary>
      <dl className="facts">
        {FIGURES.map((figure) => (
          <div key={figure}>
            <dt>{say(`backup.${figure}`)}</dt>
            <dd>
              {rows[figure].map((phrase) => (
                <div key={phrase}>{phrase}</div>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <p className="quiet">{say('backup.not-counted')}</p>
    </details>
  )
}
