import { fetchQuery } from "convex/nextjs";
import { notFound } from "next/navigation";
import { api } from "../../../convex/_generated/api";
import { price } from "../../price";
import { AddToBasket } from "./AddToBasket";

export default async function Product({
  params,
}: PageProps<"/products/[slug]">) {
  const { slug } = await params;
  const product = await fetchQuery(api.products.bySlug, { slug });
  if (product === null) notFound();
  return (
    <>
      <h1>{product.name}</h1>
      <p>{product.text}</p>
      <p>{price(product.priceCents)}</p>
      <AddToBasket product={product._id} />
    </>
  );
}
