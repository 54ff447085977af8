using System.Diagnostics;

namespace EventLoop.Samples.Tests;

/// <summary>The package as a project gets it.</summary>
public sealed class PackageTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("package-");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void A_project_with_the_package_gets_the_tuned_runtime_when_it_asks_for_it()
    {
        string version = $"0.0.1-test.{DateTime.UtcNow.Ticks}";
        string root = Root();
        Run("pack", Path.Combine(root, "src", "EventLoop"), "-c", "Release", "-o", At("feed"), "-v", "q", "-nologo", $"-p:Version={version}",
            $"-p:ArtifactsPath={At("artifacts")}", "-p:EnablePackageValidation=false", "-p:RunAnalyzers=false");
        string packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        Directory.CreateDirectory(At("program"));
        File.WriteAllText(At("program/Directory.Build.props"), "<Project />");
        File.WriteAllText(At("program/Directory.Build.targets"), "<Project />");
        File.WriteAllText(At("program/Directory.Packages.props"), "<Project />");
        File.WriteAllText(At("program/Program.cs"), "return EventLoop.Loop.RunMain(async EventLoop.Coroutine () => { await EventLoop.Loop.Yield(); });");
        File.WriteAllText(At("program/program.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <RestorePackagesPath>{At("packages")}</RestorePackagesPath>
                <RestoreFallbackFolders>{packages}</RestoreFallbackFolders>
                <RestoreAdditionalProjectSources>{At("feed")}</RestoreAdditionalProjectSources>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="EventLoop" Version="{version}" />
              </ItemGroup>
            </Project>
            """);

        Run("build", At("program"), "-v", "q", "-nologo", "-p:EventLoopTunedRuntime=true", "-o", At("tuned"));
        File.ReadAllText(At("tuned/program.runtimeconfig.json")).Should().Contain("\"System.GC.Concurrent\": false").And.Contain("\"System.Runtime.TieredPGO\": true")
            .And.Contain("\"System.Runtime.TieredCompilation.CallCountingDelayMs\": 10");
        Run("exec", At("tuned/program.dll"));

        Property().Should().BeEmpty("nobody asked");
        Property("-p:EventLoopTunedRuntime=true").Should().Be("false");
        Property("-p:EventLoopTunedRuntime=true", "-p:ConcurrentGarbageCollection=true").Should().Be("true", "the project's own word counts");

        string Property(params string[] more) => Run(["msbuild", At("program"), "-getProperty:ConcurrentGarbageCollection", .. more]).Trim();
    }

    private string At(string name) => Path.Combine(folder.FullName, name);

    private static string Root()
    {
        string? at = AppContext.BaseDirectory;
        while (at is not null && !File.Exists(Path.Combine(at, "EventLoop.sln")))
        {
            at = Path.GetDirectoryName(at);
        }

        Assert.SkipWhen(at is null, "the tests do not run inside the repository");
        return at!;
    }

    private static string Run(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1", ["MSBUILDDISABLENODEREUSE"] = "1", ["DOTNET_NOLOGO"] = "1" },
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        if (!process.WaitForExit(TimeSpan.FromMinutes(5)))
        {
            process.Kill(entireProcessTree: true);
        }

        process.ExitCode.Should().Be(0, output + errors.Result);
        return output;
    }
}
