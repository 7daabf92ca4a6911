/** Projects, regions, images, and the machine types the zone sells. */
import { type Action, page } from "./state.ts";

interface MachineType {
  readonly name: string;
  readonly cpu: Readonly<Record<string, readonly string[]>>;
  readonly bootDisks: readonly string[];
  readonly dataDisks: readonly string[];
  readonly sizes: Readonly<Record<number, readonly number[]>>;
  readonly gpus?: number;
}

const ordinary = ["CLOUD_NORMAL", "CLOUD_SSD", "CLOUD_ESSD"];
const rssdOnly = { bootDisks: ["CLOUD_RSSD"], dataDisks: ["CLOUD_RSSD"], sizes: { 4: [8] } };

/** Source: UHost API, "uhost_type" and "disk_type"; of their sizes some. */
export const machineTypes: readonly MachineType[] = [
  {
    name: "N",
    cpu: { Intel: ["Intel/Auto", "Intel/Skylake"] },
    bootDisks: ["CLOUD_SSD", "LOCAL_NORMAL"],
    dataDisks: [...ordinary, "LOCAL_NORMAL"],
    sizes: { 1: [1, 2], 2: [4, 8], 4: [8, 16], 8: [16] },
  },
  {
    name: "O",
    cpu: { Intel: ["Intel/Auto"], Amd: ["Amd/Auto"] },
    bootDisks: ["CLOUD_RSSD"],
    dataDisks: ["CLOUD_RSSD", ...ordinary],
    sizes: { 2: [4], 4: [8] },
  },
  // The two pages do not agree on this one.
  { ...rssdOnly, name: "OPRO", cpu: { Amd: ["Amd/Auto"] } },
  {
    ...{ name: "OM", cpu: { Amd: ["Amd/Auto"] }, bootDisks: ["CLOUD_RSSD"] },
    ...{ dataDisks: ["CLOUD_RSSD", ...ordinary], sizes: { 4: [8] } },
  },
  { ...rssdOnly, name: "OARM", cpu: { Ampere: ["Ampere/Altra"] }, dataDisks: ordinary },
  {
    ...{ name: "C", cpu: { Intel: ["Intel/Auto"] }, bootDisks: ["LOCAL_SSD"] },
    ...{ dataDisks: ["LOCAL_SSD"], sizes: { 4: [8] } },
  },
  {
    ...{ name: "G", cpu: { Intel: ["Intel/Auto"] }, bootDisks: ["CLOUD_SSD"] },
    ...{ dataDisks: ordinary, sizes: { 4: [8] }, gpus: 1 },
  },
];

const describeTypes: Action = (project, parameters) => {
  const asked = parameters.list("MachineTypes");
  return {
    Status: "Normal",
    AvailableInstanceTypes: machineTypes
      .filter(({ name }) => asked.length === 0 || asked.includes(name))
      .map(({ name, cpu, bootDisks, dataDisks, sizes, gpus = 0 }) => ({
        ...{ Zone: project.zone, InstanceType: "uhost", Name: name },
        Status: project.soldOut.has(name) ? "Soldout" : "Normal",
        MachineClass: gpus > 0 ? "GPU" : "Normal",
        CpuPlatforms: cpu,
        Disks: [
          {
            Name: "cloudDisk",
            BootDisk: bootDisks.map((Name) => ({ Name, InstantResize: true, MaximalSize: 500 })),
            DataDisk: dataDisks.map((Name) => ({ Name, MinimalSize: 20, MaximalSize: 8000 })),
          },
        ],
        MachineSizes: [
          {
            Gpu: gpus,
            Collection: Object.entries(sizes).map(([Cpu, Memory]) => ({
              ...{ Cpu: Number(Cpu), Memory, MinimalCpuPlatform: Object.values(cpu).flat() },
            })),
          },
        ],
      })),
  };
};

const describeImages: Action = (project, parameters) => {
  const id = parameters.find("ImageId");
  const type = parameters.find("ImageType");
  const found = [...project.images.values()].filter(
    (one) => (id === undefined || one.id === id) && (type === undefined || one.type === type),
  );
  return {
    TotalCount: found.length,
    ImageSet: page(found, parameters).map((one) => ({
      ...{ Zone: project.zone, ImageId: one.id, ImageName: one.name },
      OsName: one.type === "Custom" ? "Other" : one.name,
      ...{ OsType: "Linux", ImageType: one.type, State: one.state, Features: one.features },
      ...{ CreateTime: one.createdAt, ImageSize: one.sizeGiB },
    })),
  };
};

const getRegions: Action = ({ region, zone }) => ({
  Regions: [
    {
      Region: region,
      Zone: zone,
      RegionName: "华北一",
      RegionId: 1001,
      IsDefault: true,
      BitMaps: "",
    },
    { Region: region, Zone: "cn-bj2-04", RegionName: "华北一", RegionId: 1001, IsDefault: false },
    {
      Region: "hk",
      Zone: "hk-02",
      RegionName: "香港",
      RegionId: 3001,
      IsDefault: false,
      BitMaps: "",
    },
  ],
});

/** Source: UAccount API, GetProjectList, with what is no longer to be used left out. */
const getProjects: Action = ({ projectId }) => {
  const ProjectSet = [
    { ProjectId: "org-fake0z", ProjectName: "Default", IsDefault: true },
    { ProjectId: projectId, ProjectName: "migration", IsDefault: false },
  ].map((one) => ({ ...one, CreateTime: 1_700_000_000, MemberCount: 1 }));
  return { ProjectCount: ProjectSet.length, ProjectSet };
};

export const catalogueActions: Readonly<Record<string, Action>> = {
  DescribeAvailableInstanceTypes: describeTypes,
  DescribeImage: describeImages,
  GetProjectList: getProjects,
  GetRegion: getRegions,
};
