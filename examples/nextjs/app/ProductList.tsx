"use client";
import { usePreloadedQuery, type Preloaded } from "convex/react";
import Link from "next/link";
import type { api } from "../convex/_generated/api";
import { price } from "./price";

/** In the server's HTML already, and live from then on. */
export function ProductList({
  preloaded,
}: {
  preloaded: Preloaded<typeof api.products.list>;
}) {
  const products = usePreloadedQuery(preloaded);
  return (
    <ul>
      {products.map(({ slug, name, priceCents }) => (
        <li key={slug}>
          <Link href={`/products/${slug}`}>{name}</Link> {price(priceCents)}
        </li>
      ))}
    </ul>
  );
}
