declare module "asl-validator" {
  export default function validate(definition: unknown): {
    isValid: boolean;
    errors: { "Error code"?: string; Message?: string; path?: string }[];
  };
}
