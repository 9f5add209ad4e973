import type { ReactNode } from "react";

export interface CardProps {
  title: string;
  /** A few words beside the title. */
  note?: ReactNode;
  children: ReactNode;
}

/** A titled part of a page. */
export function Card({ title, note, children }: CardProps) {
  return (
    <section className="card" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {note !== undefined && <span className="muted">{note}</span>}
      </header>
      {children}
    </section>
  );
}

export interface TileProps {
  label: string;
  /** The figure; `undefined` while it loads. */
  value: ReactNode;
}

/** A card with one figure, large. */
export function Tile({ label, value }: TileProps) {
  return (
    <section className="card tile" aria-label={label}>
      <span className="muted">{label}</span>
      <b>{value ?? "…"}</b>
    </section>
  );
}
