#!/usr/bin/env bash
# A trimmed program has no startup hooks: its workers come by WorkerProcess.Run() at the beginning of Main. This publishes one, self-contained, has it work by
# worker processes, and has the tool look into it: with its event sources, and published without them, where the tool can only say so. Needs the runtime pack of NuGet; a few minutes, and so no part of CI.
#
#     tests/trimmed.sh
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cp "$root/global.json" .
cat > Trimmed.csproj <<XML
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
    <Nullable>enable</Nullable>
    <PublishTrimmed>true</PublishTrimmed>
    <SelfContained>true</SelfContained>
    <RuntimeIdentifier>linux-x64</RuntimeIdentifier>
  </PropertyGroup>
  <ItemGroup>
    <ProjectReference Include="$root/src/EventLoop/EventLoop.csproj" />
  </ItemGroup>
</Project>
XML
cat > Program.cs <<'CSHARP'
using EventLoop;

if (WorkerProcess.Run())
{
    return 0;
}

if (args is ["wait"])
{
    Loop.Run(async () =>
    {
        var waiting = Loop.CreateTask(async () => await new AsyncEvent().WaitAsync(), "stuck");
        Console.WriteLine("ready");
        await Loop.ToThread(Console.In.ReadLine);
        waiting.Cancel();
    });
    return 0;
}

return Loop.Run(async () =>
{
    await using var pool = new ProcessExecutor(new() { Workers = 2, WorkerCommand = new ProcessCommand(Environment.ProcessPath!) });
    int sum = 0;
    await foreach (int square in pool.Map(Work.Square, Enumerable.Range(0, 100)))
    {
        sum += square;
    }

    bool isElsewhere = await pool.Run(Work.Process, 0) != Environment.ProcessId;
    Console.WriteLine($"the sum of the squares is {sum}, {(isElsewhere ? "from other processes" : "from this process")}");
    return sum == 328_350 && isElsewhere ? 0 : 1;
});

internal static class Work
{
    public static int Square(int number) => number * number;

    public static int Process(int nothing) => Environment.ProcessId + nothing;
}
CSHARP
timeout -k 10 600 dotnet publish -c Release -v q -nologo -o out
timeout -k 5 60 out/Trimmed
echo "passed: workers of a trimmed program"

# look FOLDER: what the tool's ps prints of the program while it waits, and its exit code.
dotnet build "$root/src/EventLoop.Tool" -c Release -v q -nologo
look() {
  coproc WAITING { exec "$1/Trimmed" wait; }
  local ready; read -r ready <&"${WAITING[0]}"
  local code=0
  timeout -k 5 60 dotnet "$root/.artifacts/bin/EventLoop.Tool/release/EventLoop.Tool.dll" ps "$WAITING_PID" >answer 2>&1 || code=$?
  echo >&"${WAITING[1]}"
  wait "$WAITING_PID"
  return "$code"
}
look out
cat answer
grep -q "stuck" answer
echo "passed: the tool looks into a trimmed program"
dotnet publish -c Release -v q -nologo -o without -p:EventSourceSupport=false
code=0; look without || code=$?
cat answer
[ "$code" = 6 ] && grep -q -i "event source" answer || { echo "failed: exit code $code" >&2; exit 1; }
echo "passed: of one without event sources it says why it gets no answer"
