/**
 * What things would cost this account, which has a discount of a tenth: hosts and addresses in yuan to two places,
 * disks in whole fen. Source for codes: UHost API, "error_code".
 */
import { machineTypes } from "./catalogue.ts";
import { types } from "./disks.ts";
import { Refusal, unfit } from "./request.ts";
import { type Action, get, type Project, requireZone } from "./state.ts";

const discount = 0.9;
/** What a year or a month costs, in hours. */
const hoursOf: Readonly<Record<string, number>> = { Year: 4800, Month: 480, Dynamic: 1 };

const diskGib = ({ tariff }: Project, type: string): number =>
  (tariff.diskGiB as Readonly<Record<string, number>>)[type] ?? 0;

/** @param asked all of them unless told */
function priceSet(hour: number, asked: string | undefined) {
  const chargeTypes = asked === undefined ? Object.keys(hoursOf) : [asked];
  return {
    PriceSet: chargeTypes.map((ChargeType) => {
      const hours = hoursOf[ChargeType];
      if (hours === undefined) throw unfit("ChargeType");
      const price = (factor: number) => Number((hour * hours * factor).toFixed(2));
      return { ChargeType, Price: price(discount), OriginalPrice: price(1) };
    }),
  };
}

const priceHost: Action = (project, parameters) => {
  requireZone(project, parameters);
  const type = machineTypes.find(({ name }) => name === (parameters.find("MachineType") ?? "N"));
  const cpu = parameters.number("CPU") ?? 0;
  const memoryGiB = (parameters.number("Memory") ?? 0) / 1024;
  if (type?.sizes[cpu] === undefined) throw new Refusal(8064, "CPU is not available");
  if (!type.sizes[cpu].includes(memoryGiB)) throw new Refusal(8065, "Memory is not available");
  const platform = parameters.find("CpuPlatform") ?? "Intel";
  if (type.cpu[platform] === undefined) throw unfit("CpuPlatform");
  const image = get(project.images, 8956, parameters.get("ImageId"));
  const count = parameters.number("Count") ?? 0;
  if (count < 1 || count > 5) throw unfit("Count");
  const disks = parameters.structures("Disks");
  if (disks.filter((disk) => disk.get("IsBoot") === "True").length !== 1) throw unfit("Disks");
  const { vcpu, memoryGiB: memory, amd } = project.tariff;
  let hour = cpu * vcpu + memoryGiB * memory + (platform === "Amd" ? amd : 0);
  for (const disk of disks) {
    const sizeGiB = disk.number("Size") ?? 0;
    const isBoot = disk.get("IsBoot") === "True";
    if (!(isBoot ? type.bootDisks : type.dataDisks).includes(disk.get("Type"))) throw unfit("Type");
    if (isBoot && sizeGiB < image.sizeGiB) throw new Refusal(8066, "Size is not available");
    hour += sizeGiB * diskGib(project, disk.get("Type"));
  }
  return priceSet(hour * count, parameters.find("ChargeType"));
};

/** Source for the line of mainland regions: GetEIPPrice, OperatorName. */
const priceEip: Action = ({ tariff }, parameters) => {
  if (parameters.get("OperatorName") !== "Bgp") throw unfit("OperatorName");
  const bandwidth = parameters.number("Bandwidth") ?? 0;
  if (bandwidth > 800) throw unfit("Bandwidth");
  const isByTraffic = parameters.find("PayMode") === "Traffic";
  // In the documentation's example all three are answered, though one was asked for.
  return priceSet(isByTraffic ? tariff.address : bandwidth * tariff.mbps, undefined);
};

/** Each that is bought has a row of its own. */
const priceDisk: Action = (project, parameters) => {
  requireZone(project, parameters);
  const type = types[parameters.find("DiskType") ?? "DataDisk"];
  const sizeGiB = parameters.number("Size") ?? 0;
  if (type === undefined) throw unfit("DiskType");
  if (sizeGiB < 1 || sizeGiB > type[1]) throw unfit("Size");
  const ChargeType = parameters.find("ChargeType") ?? "Month";
  const hours = hoursOf[ChargeType];
  if (hours === undefined) throw unfit("ChargeType");
  const row = (ChargeName: string, gibHour: number) => {
    const fen = (factor: number) => Math.round(sizeGiB * gibHour * hours * factor * 100);
    const prices = { Price: fen(discount), OriginalPrice: fen(discount), ListPrice: fen(1) };
    return { ChargeName, ChargeType, ...prices };
  };
  const hasSnapshots = parameters.find("SnapshotService") === "Yes";
  return {
    DataSet: [
      row("UDisk", diskGib(project, type[0])),
      ...(hasSnapshots ? [row("SnapshotService", project.tariff.snapshotGiB)] : []),
    ],
  };
};

export const priceActions: Readonly<Record<string, Action>> = {
  DescribeUDiskPrice: priceDisk,
  GetEIPPrice: priceEip,
  GetUHostInstancePrice: priceHost,
};
