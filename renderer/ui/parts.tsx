import { type ReactNode, useId, useLayoutEffect, useRef, useState } from 'react'

/** A modal dialog: Esc and the close button leave it; focus goes back to where it was. */
export function Dialog(props: {
  readonly title: string
  readonly closeLabel: string
  readonly onClose: () => void
  readonly children: ReactNode
  readonly footer?: ReactNode
  /** What Enter and a button of type `submit` do. */
  readonly onSubmit?: () => void
}) {
  const element = useRef<HTMLDialogElement>(null)
  const id = useId()
  // Asked for before anything of the dialog has taken the focus.
  const [opener] = useState(() => document.activeElement)
  // A dialog that is out of the page already gives nothing back; a layout effect is undone before that.
  useLayoutEffect(() => {
    const dialog = element.current
    dialog?.showModal()
    // React focuses before the dialog opens, and the dialog would then choose its close button.
    dialog?.querySelector<HTMLElement>('[data-first]')?.focus()
    return () => {
      dialog?.close()
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus()
    }
  }, [opener])
  return (
    <dialog
      ref={element}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault()
        props.onClose()
      }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          props.onSubmit?.()
        }}
      >
        <div className="dialog-head">
          <h2 id={id} className="grow">
            {props.title}
          </h2>
          <button
            type="button"
            className="button plain"
            aria-label={props.closeLabel}
            onClick={props.onClose}
          >
            ✕
          </button>
        </div>
        {/* Where it is text alone, nothing else in it scrolls it by keyboard. */}
        <div
          className="dialog-body"
          {...(props.footer === undefined && { tabIndex: 0, role: 'group', 'aria-labelledby': id })}
        >
          {props.children}
        </div>
        {props.footer === undefined ? null : <div className="dialog-foot">{props.footer}</div>}
      </form>
    </dialog>
  )
}

/** A labelled control with an optional line of help. */
export function Field(props: {
  readonly label: string
  readonly hint?: string | undefined
  readonly children: ReactNode
}) {
  return (
    <label className="field">
      <span>{props.label}</span>
      {props.children}
      {props.hint === undefined ? null : <small>{props.hint}</small>}
    </label>
  )
}

/** Something typed by hand before a deed that takes something away. The first thing of its dialog. */
export function ConfirmField(props: {
  readonly label: string
  readonly value: string
  readonly onType: (value: string) => void
}) {
  return (
    <Field label={props.label}>
      <input
        value={props.value}
        onChange={(event) => props.onType(event.target.value)}
        data-first
        autoComplete="off"
        spellCheck={false}
      />
    </Field>
  )
}

/** A text that can be copied as it stands. */
export function CopyText(props: {
  readonly text: string
  readonly label: string
  readonly doneLabel: string
}) {
  const [isCopied, setCopied] = useState(false)
  return (
    <div className="code">
      <pre className="grow">{props.text}</pre>
      <button
        type="button"
        className="button small"
        onClick={() => void navigator.clipboard.writeText(props.text).then(() => setCopied(true))}
      >
        {isCopied ? props.doneLabel : props.label}
      </button>
    </div>
  )
}

/** Grey shapes where something will be. Told to screen readers by its label. */
export function Skeleton(props: { readonly label: string; readonly lines?: number }) {
  return (
    <div className="stack" role="status" aria-label={props.label}>
      {Array.from({ length: props.lines ?? 4 }, (_, index) => (
        <div key={index} className="skeleton" aria-hidden="true" />
      ))}
    </div>
  )
}

/** Nothing is there yet: what that means and what to do. */
export function Empty(props: {
  readonly title: string
  readonly text?: string
  readonly children?: ReactNode
}) {
  return (
    <div className="empty">
      <h2>{props.title}</h2>
      {props.text === undefined ? null : <p>{props.text}</p>}
      {props.children}
    </div>
  )
}

/** What went wrong, why, and what to do: never a bare message. */
export function ErrorCard(props: {
  readonly title: string
  /** Those without a text are left out. */
  readonly lines: readonly (readonly [label: string, text: string | undefined])[]
  /** The same in the words of whoever failed, where those are of another language. */
  readonly original?: ReactNode
  readonly raw: readonly [label: string, content: ReactNode]
  readonly children?: ReactNode
}) {
  return (
    <section className="error-card" role="alert">
      <h2>{props.title}</h2>
      <dl>
        {props.lines.map(([label, text]) =>
          text === undefined ? null : (
            <div key={label} style={{ display: 'contents' }}>
              <dt>{label}</dt>
              <dd>{text}</dd>
            </div>
          ),
        )}
      </dl>
      {props.original}
      <details>
        <summary>{props.raw[0]}</summary>
        {props.raw[1]}
      </details>
      {props.children === undefined ? null : <div className="row">{props.children}</div>}
    </section>
  )
}
