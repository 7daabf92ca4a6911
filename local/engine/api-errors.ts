/** A refusal as the Step Functions API words it. Source: API reference, the errors of each action. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
  }
}

export const apiErrors = {
  noMachine: (arn: string) =>
    new ApiError("StateMachineDoesNotExist", `State Machine Does Not Exist: '${arn}'`),
  machineExists: (arn: string) =>
    new ApiError("StateMachineAlreadyExists", `State Machine Already Exists: '${arn}'`),
  noExecution: (arn: string) =>
    new ApiError("ExecutionDoesNotExist", `Execution Does Not Exist: '${arn}'`),
  executionExists: (arn: string) =>
    new ApiError("ExecutionAlreadyExists", `Execution Already Exists: '${arn}'`),
  invalidArn: (arn: string) =>
    new ApiError("InvalidArn", `Invalid Arn: 'Invalid ARN prefix: ${arn}'`),
  invalidName: (name: string) => new ApiError("InvalidName", `Invalid Name: '${name}'`),
  invalidDefinition: (problem: string) =>
    new ApiError("InvalidDefinition", `Invalid State Machine Definition: '${problem}'`),
  invalidInput: (problem: string) =>
    new ApiError("InvalidExecutionInput", `Invalid State Machine Execution Input: '${problem}'`),
  invalidOutput: (problem: string) => new ApiError("InvalidOutput", `Invalid Output: '${problem}'`),
  invalidToken: (problem: string) => new ApiError("InvalidToken", `Invalid Token: '${problem}'`),
  taskGone: () =>
    new ApiError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'"),
  notRedrivable: (arn: string) =>
    new ApiError("ExecutionNotRedrivable", `Execution Not Redrivable: '${arn}'`),
  unsupportedType: () =>
    new ApiError(
      "StateMachineTypeNotSupported",
      "This operation is not supported by this type of state machine",
    ),
  missingParameter: (message: string) => new ApiError("MissingRequiredParameter", message),
  invalid: (message: string) => new ApiError("ValidationException", message),
};
