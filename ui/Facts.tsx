import { Fragment, type ReactNode } from "react";

export type Tone = "good" | "warn" | "bad";

/** A state in a word. */
export function Pill({ tone, children }: { tone?: Tone; children: ReactNode }) {
  return <span className={className("pill", tone)}>{children}</span>;
}

/** Text of any length where there is room for a little; all of it is its title. */
export function Short({ text }: { text: string }) {
  return (
    <span className="short" title={text}>
      {text}
    </span>
  );
}

/** Something to know before going on. */
export function Notice({
  tone,
  children,
}: {
  tone: Tone;
  children: ReactNode;
}) {
  return (
    <p className={className("notice", tone)} role="status">
      {children}
    </p>
  );
}

/** Names and what they stand for. */
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
