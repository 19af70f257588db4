import type { z } from 'zod'

/** Asks for a value. Changes nothing, so it may be repeated and cached. */
export type Query<In extends z.ZodType = z.ZodType, Out = unknown> = {
  readonly kind: 'query'
  readonly input: In
  readonly output?: Out
}
/** Changes something and says what came of it. */
export type Command<In extends z.ZodType = z.ZodType, Out = unknown> = {
  readonly kind: 'command'
  readonly input: In
  readonly output?: Out
}
/** Follows something until it ends or the caller stops. */
export type Stream<In extends z.ZodType = z.ZodType, Out = unknown> = {
  readonly kind: 'stream'
  readonly input: In
  readonly output?: Out
}

export type Procedure = Query | Command | Stream
export type Contract = Record<string, Procedure>

type InputOf<P extends Procedure> = z.input<P['input']>
type ParsedOf<P extends Procedure> = z.output<P['input']>
type OutputOf<P extends Procedure> = P extends { readonly output?: infer Out }
  ? Exclude<Out, undefined>
  : never

/** What a caller holds: one typed function for each procedure. */
export type Client<C extends Contract> = {
  readonly [Name in keyof C]: C[Name] extends Stream
    ? (input: InputOf<C[Name]>, call?: { signal?: AbortSignal }) => AsyncIterable<OutputOf<C[Name]>>
    : (input: InputOf<C[Name]>, call?: { signal?: AbortSignal }) => Promise<OutputOf<C[Name]>>
}

/** What the engine implements: the same functions, with parsed input and a signal that is always there. */
export type Handlers<C extends Contract> = {
  readonly [Name in keyof C]: C[Name] extends Stream
    ? (input: ParsedOf<C[Name]>, call: { signal: AbortSignal }) => AsyncIterable<OutputOf<C[Name]>>
    : (input: ParsedOf<C[Name]>, call: { signal: AbortSignal }) => Promise<OutputOf<C[Name]>>
}

/** Declares a query: `query<Output>()(inputSchema)`. */
export const query: <Out>() => <In extends z.ZodType>(input: In) => Query<In, Out> = () => (input) => ({
  kind: 'query',
  input,
})
/** Declares a command: `command<Output>()(inputSchema)`. */
export const command: <Out>() => <In extends z.ZodType>(input: In) => Command<In, Out> = () => (input) => ({
  kind: 'command',
  input,
})
/** Declares a stream: `stream<Item>()(inputSchema)`. */
export const stream: <Out>() => <In extends z.ZodType>(input: In) => Stream<In, Out> = () => (input) => ({
  kind: 'stream',
  input,
})
