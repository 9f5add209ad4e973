import { Fragment, type ReactNode } from "react";

export type Tone = "good" | "warn" | "bad";

/** A state in a word. */
export function Pill({ tone, children }: { tone?: Tone; children: ReactNode }) {
  return <span className={className("pill", tone)}>{children}</span>;
}

/** Text of any length where there is room for a little; its title is the whole text. */
export function Short({ text }: { text: string }) {
  return (
    <span className="short" title={text}>
      {text}
    </span>
  );
}

/**
 * A notice to read before going on.
 * @param isQuiet whether it is not read out by itself: its page says in a word that it is there
 */
export function Notice({
  tone,
  isQuiet = false,
  children,
}: {
  tone: Tone;
  isQuiet?: boolean;
  children: ReactNode;
}) {
  return (
    <p
      className={className("notice", tone)}
      role={isQuiet ? undefined : "status"}
    >
      {children}
    </p>
  );
}

/** Names with their values. */
export function Facts({ facts }: { facts: Record<string, ReactNode> }) {
  return (
    <dl className="facts">
      {Object.entries(facts).map(([name, value]) => (
        <Fragment key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </Fragment>
      ))}
    </dl>
  );
}

function className(base: string, tone: Tone | undefined): string {
  return tone === undefined ? base : `${base} ${tone}`;
}
