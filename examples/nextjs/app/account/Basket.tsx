"use client";
import { usePreloadedQuery, type Preloaded } from "convex/react";
import type { api } from "../../convex/_generated/api";

export function Basket({
  preloaded,
}: {
  preloaded: Preloaded<typeof api.basket.get>;
}) {
  const lines = usePreloadedQuery(preloaded);
  return (
    <section aria-label="Your basket">
      <h2>Your basket</h2>
      <ul>
        {lines.map(({ product, quantity }) => (
          <li key={product?._id}>
            {quantity} × {product?.name}
          </li>
        ))}
      </ul>
    </section>
  );
}
