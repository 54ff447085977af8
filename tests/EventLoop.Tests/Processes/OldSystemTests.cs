using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using EventLoop.Native;
using EventLoop.Processes;
using EventLoop.Scheduling;

namespace EventLoop.Tests.Processes;

/// <summary>What not every C library has that .NET runs on.</summary>
public sealed class OldSystemTests : ProcessTest
{
    [Fact]
    public void No_import_has_a_name_that_some_C_library_does_not_know()
    {
        var names = typeof(Libc).GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
            .Select(static method => method.GetCustomAttribute<DllImportAttribute>()?.EntryPoint).OfType<string>().ToList();
        names.Should().Contain("recvmmsg").And.NotContain(static name => name.EndsWith("64", StringComparison.Ordinal), "musl has none of these since 1.2.4");
        names.Should().NotContain("statx", "glibc has it since 2.28, musl since 1.2.5")
            .And.NotContain("posix_spawn_file_actions_addchdir_np", "glibc has it since 2.29").And.NotContain("epoll_pwait2", "glibc has it since 2.35");
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/dev/null")]
    [InlineData("/etc/passwd")]
    [InlineData("/nothing/there")]
    public unsafe void What_a_path_leads_to_is_the_same_by_the_number_of_the_call(string path)
    {
        const uint basicStatus = 0x7FF;
        byte* byName = stackalloc byte[256], byNumber = stackalloc byte[256];
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
        {
            var first = (Libc.Status(FileFacts.CurrentFolder, name, 0, basicStatus, byName), Libc.LastError);
            var second = (Libc.StatusByNumber(FileFacts.CurrentFolder, name, 0, basicStatus, byNumber), Libc.LastError);
            second.Item1.Should().Be(first.Item1).And.Be(Path.Exists(path) ? 0 : -1);
            if (first.Item1 < 0)
            {
                second.LastError.Should().Be(first.LastError).And.Be(Errno.NoEntry);
            }

            new Span<byte>(byNumber, 256).SequenceEqual(new Span<byte>(byName, 256)).Should().BeTrue();
        }
    }

    [Fact]
    public void A_working_directory_is_refused_where_the_C_library_can_set_none_and_nothing_else_is()
    {
        var there = new ProcessCommand("true") { WorkingDirectory = "/" };
        FluentActions.Invoking(() => CommandPreparation.RefuseFolder(there, canChangeFolder: false))
            .Should().Throw<PlatformNotSupportedException>().WithMessage("*glibc*2.29*");
        CommandPreparation.RefuseFolder(there, canChangeFolder: true);
        CommandPreparation.RefuseFolder(new ProcessCommand("true"), canChangeFolder: false);
        Libc.CanChangeFolder.Should().BeTrue();
    }

    [Fact]
    public void What_goes_wrong_in_the_look_at_a_childs_files_fails_its_start_and_nothing_else() => RunProcesses(async () =>
    {
        var start = new ChildStart { Paths = ["/bin/true"], Arguments = ["true"], Environment = null, Streams = new UnreadableStreams() };
        var failure = await Catch(ChildFileOpening.Complete(LoopCore.Required, new ProcessCommand("true"), start));
        failure.Should().BeOfType<EntryPointNotFoundException>();
        (await Subprocess.ReadTextAsync("echo", "other")).Should().Be("other\n");
    });

    // Stands for a system that lacks what the look needs.
    private sealed class UnreadableStreams : List<ChildStream>, IReadOnlyList<ChildStream>
    {
        internal UnreadableStreams() => Add(new ChildStream(ChildStreamKind.File, "/dev/null"));

        ChildStream IReadOnlyList<ChildStream>.this[int index] => throw new EntryPointNotFoundException("no such function");
    }
}
