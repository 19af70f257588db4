import { type ReactNode, useEffect, useRef, useState } from 'react'
import { EngineError } from '../../engine/base/engine-error.ts'
import { Dialog } from '../ui/parts.tsx'
import { EngineErrorCard } from './engine-error-card.tsx'
import { useTexts } from './i18n.ts'
import { doubtOf, PLAN_MS, type PlanDoubt, type SeenPlan } from './plan-doubt.ts'
import { navigate } from './stores.ts'

/** The frame of a plan: what is shown is what is carried out, and only while it is neither old nor replaced by another. */
export function Sheet(props: {
  readonly title: string
  readonly isReady: boolean
  readonly confirm: string
  readonly isDangerous: boolean
  /** Of the plan that is shown; undefined while there is none. */
  readonly hash: string | undefined
  /** Plans anew. */
  readonly onLook: () => void
  readonly onClose: () => void
  /** Starts the job and gives its id. */
  readonly start: () => Promise<string>
  readonly children: ReactNode
}) {
  const { say } = useTexts()
  const [failure, setFailure] = useState<EngineError | undefined>(undefined)
  const { doubt, settle } = useDoubt(props.hash)
  const isReady = props.isReady && doubt === undefined
  const body = useRef<HTMLDivElement>(null)
  const hasPlan = props.hash !== undefined
  useEffect(() => {
    // The dialog opened before there was anything to do in it.
    if (hasPlan) body.current?.closest('dialog')?.querySelector<HTMLElement>('[data-first]')?.focus()
  }, [hasPlan])
  const run = async (): Promise<void> => {
    if (!isReady) return
    try {
      const job = await props.start()
      props.onClose()
      navigate({ screen: 'job', job })
    } catch (thrown) {
      setFailure(thrown instanceof EngineError ? thrown : new EngineError('internal.bug', String(thrown)))
    }
  }
  return (
    <Dialog
      title={props.title}
      closeLabel={say('common.close')}
      onClose={props.onClose}
      onSubmit={() => void run()}
      footer={
        <>
          <button type="button" className="button" onClick={props.onClose}>
            {say('common.cancel')}
          </button>
          <button
            type="submit"
            className={props.isDangerous ? 'button danger' : 'button primary'}
            data-first={props.isDangerous ? undefined : ''}
            disabled={!isReady}
          >
            {props.confirm}
          </button>
        </>
      }
    >
      <div ref={body} className="stack">
        {doubt === undefined ? null : (
          <p className="row doubt" role="alert">
            <span className="grow">{say(`plan.${doubt}`)}</span>
            <button
              type="button"
              className="button small"
              onClick={() => {
                settle()
                props.onLook()
              }}
            >
              {say('plan.look-again')}
            </button>
          </p>
        )}
        {props.children}
        {failure === undefined ? null : <EngineErrorCard error={failure} />}
      </div>
    </Dialog>
  )
}

/** Follows what speaks against the plan that is shown; `settle` is for when it was looked at again. */
function useDoubt(hash: string | undefined): {
  readonly doubt: PlanDoubt | undefined
  readonly settle: () => void
} {
  const [seen, setSeen] = useState<SeenPlan | undefined>(undefined)
  const [nowMs, setNowMs] = useState(() => Date.now())
  if (seen === undefined && hash !== undefined) setSeen({ hash, atMs: nowMs })
  useEffect(() => {
    if (seen === undefined) return undefined
    const timer = setTimeout(() => setNowMs(Date.now()), PLAN_MS)
    return () => clearTimeout(timer)
  }, [seen])
  const settle = (): void => {
    if (hash === undefined) return
    setNowMs(Date.now())
    setSeen({ hash, atMs: Date.now() })
  }
  return { doubt: doubtOf(seen, hash, nowMs), settle }
}
