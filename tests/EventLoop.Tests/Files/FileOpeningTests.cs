using EventLoop.Native;

namespace EventLoop.Tests.Files;

/// <summary>When the quick way of opening files is given up, and when an error is one file's own.</summary>
public sealed class FileOpeningTests : FileTest
{
    private const ulong Confined = 0x0E, Cached = 0x20;

    [Theory]
    [InlineData(Errno.NotImplemented, 0, true)]
    [InlineData(Errno.TooManyArguments, 0, true)]
    [InlineData(Errno.NotPermitted, Errno.NotPermitted, true)]
    [InlineData(Errno.Invalid, Errno.Invalid, true)]
    [InlineData(Errno.NotPermitted, 0, false)]
    [InlineData(Errno.Invalid, 0, false)]
    [InlineData(Errno.Invalid, Errno.OtherDevice, false)]
    [InlineData(Errno.NoEntry, Errno.Invalid, false)]
    [InlineData(Errno.Again, Errno.Invalid, false)]
    public void The_call_is_refused_as_such_only_if_it_opens_nothing_else_either(int error, int probed, bool isRefused) =>
        FileOpening.IsRefusal(error, 0, _ => probed).Should().Be(isRefused);

    [Fact]
    public void A_file_that_its_file_system_or_a_virus_scanner_refuses_leaves_the_quick_way_to_all_others()
    {
        string path = Put("a", "content");
        Assert.SkipUnless(Open(path) == FileOpened.Yes, "this system does not know openat2");
        foreach (int error in new[] { Errno.NotPermitted, Errno.Invalid })
        {
            foreach (ulong resolve in new ulong[] { 0, Confined })
            {
                FileOpening.Refusal(error, resolve, waits: true).Should().Be(FileOpened.Unsupported);
                FileOpening.Refusal(error, resolve | Cached, waits: false).Should().Be(FileOpened.MustWait);
            }
        }

        Open(path).Should().Be(FileOpened.Yes);
    }

    private static FileOpened Open(string path)
    {
        var answer = FileOpening.TryOpen(null, path, isConfined: false, waits: true, out var file, out _, out _);
        file?.Dispose();
        return answer;
    }
}
