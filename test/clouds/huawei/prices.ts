/**
 * BSS. Sources: Customer Operation Capabilities, ListOnDemandResourceRatings and "Error Codes";
 * huaweicloud-sdk-go-v3 v0.1.188, services/bss, services/bssintl, model_list_on_demand_resource_ratings_response.go.
 */
import type { Call } from "./api.ts";
import { type JsonObject, Refusal } from "./request.ts";
import { flavors } from "./servers.ts";
import type { Project } from "./state.ts";
import type { Handler } from "./volumes.ts";

const yuan = 1;
const hour = 4;
const GB = 17;

/** Found by kind, region and specification. */
interface Product {
  readonly id: string;
  readonly cloud_service_type: string;
  readonly resource_type: string;
  readonly resource_spec: string;
  readonly region: string;
  readonly resource_size?: number;
  readonly size_measure_id?: number;
  readonly usage_factor: string;
  readonly usage_value: number;
  readonly usage_measure_id: number;
  readonly subscription_num: number;
}

const kinds: Readonly<Record<string, "machine" | "volume">> = {
  "hws.service.type.ec2 hws.resource.type.vm": "machine",
  "hws.service.type.ebs hws.resource.type.volume": "volume",
};

/** @throws Refusal where there is no such product */
function hourOf({ region, billing: { tariff } }: Project, product: Product): number {
  const { cloud_service_type, resource_type, resource_spec: spec, resource_size: size } = product;
  const kind = kinds[`${cloud_service_type} ${resource_type}`];
  const flavor = flavors.find(({ id }) => `${id}.linux` === spec);
  const perGiB = new Map<string, number>(Object.entries(tariff.diskGiB)).get(spec);
  if (product.region === region) {
    if (kind === "machine" && flavor !== undefined) {
      return flavor.vcpus * tariff.vcpu + flavor.gib * tariff.memoryGiB;
    }
    if (kind === "volume" && perGiB !== undefined) {
      if (size === undefined || product.size_measure_id !== GB) {
        throw new Refusal(400, "CBC.0100", "resource_size of a linear product is invalid");
      }
      return perGiB * size;
    }
  }
  throw new Refusal(400, "CBC.99006006", `The product is not found: ${spec}`);
}

function resultOf(project: Project, product: Product): JsonObject & { readonly official: number } {
  const { usage_value, usage_measure_id, usage_factor, subscription_num } = product;
  const official = hourOf(project, product) * usage_value * subscription_num;
  if (usage_factor.toLowerCase() !== "duration") {
    throw new Refusal(400, "CBC.99006074", "The usage factor does not exist");
  }
  if (usage_measure_id !== hour) throw new Refusal(400, "CBC.99006050", "The usage unit is wrong");
  return { ...amounts(project, official), id: product.id, product_id: "fake", official };
}

function amounts({ billing: { discount } }: Project, official: number): JsonObject {
  return {
    official_website_amount: official,
    measure_id: yuan,
    ...(discount === undefined
      ? {}
      : { amount: official * discount, discount_amount: official * (1 - discount) }),
  };
}

const rate =
  (site: Call["service"]): Handler =>
  (project, { body }) => {
    const { billing, projectId } = project;
    if (billing.site !== site) {
      const message = "Access denied. The customer does not belong to the website you are now at.";
      throw new Refusal(403, "CBC.0156", message);
    }
    if (body.project_id !== projectId) throw new Refusal(400, "CBC.0100", "project_id is invalid");
    const products: readonly Product[] = body.product_infos;
    if (new Set(products.map(({ id }) => id)).size < products.length) {
      throw new Refusal(400, "CBC.0100", "the ids of products are not unique");
    }
    const results = products.map((product) => resultOf(project, product));
    const sum = results.reduce((before, { official }) => before + official, 0);
    return {
      ...amounts(project, sum),
      ...(billing.currency === undefined ? {} : { currency: billing.currency }),
      product_rating_results: results.map(({ official: _, ...result }) => result),
    };
  };

export const priceHandlers: Record<string, Handler> = {
  BssListOnDemandResourceRatings: rate("bss"),
  BssintlListOnDemandResourceRatings: rate("bssintl"),
};
