using HttpStatic;

namespace EventLoop.Samples.Tests;

/// <summary>No path leads out of the root of HttpStatic.</summary>
public sealed class SiteTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("site-");
    private readonly Site site;

    public SiteTests()
    {
        Put("secret/s.txt", "secret");
        Put("site/a b.txt", "hello");
        Put("site/sub/index.html", "index");
        Put("site-next-door/n.txt", "another's");
        File.CreateSymbolicLink(At("site/link.txt"), At("secret/s.txt"));
        Directory.CreateSymbolicLink(At("site/folder"), At("secret"));
        site = new Site(At("site"));
    }

    public void Dispose()
    {
        site.Dispose();
        folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData("/a%20b.txt", "a b.txt")]
    [InlineData("/a%20b.txt?query", "a b.txt")]
    [InlineData("/sub/../a%20b.txt", "a b.txt")]
    [InlineData("/sub/", "index.html")]
    public void What_is_below_the_root_is_found(string target, string name) => Loop.Run(async Coroutine () =>
    {
        await using var file = await site.TryOpenAsync(target);
        Path.GetFileName(file!.Path).Should().Be(name);
    });

    [Theory]
    [InlineData("/../secret/s.txt")]
    [InlineData("/%2e%2e/secret/s.txt")]
    [InlineData("/..%2fsecret%2fs.txt")]
    [InlineData("/sub/..%2f..%2fsecret/s.txt")]
    [InlineData("/sub/..%5c..%5c..%5csecret/s.txt")]
    [InlineData("/%252e%252e/secret/s.txt")]
    [InlineData("/%c0%ae%c0%ae/secret/s.txt")]
    [InlineData("/../site-next-door/n.txt")]
    [InlineData("//etc/passwd")]
    [InlineData("/a%20b.txt%00.html")]
    [InlineData("a%20b.txt")]
    [InlineData("/nothing")]
    public void What_leads_out_of_it_is_not(string target) => Loop.Run(async Coroutine () => (await site.TryOpenAsync(target)).Should().BeNull());

    [Theory]
    [InlineData("/link.txt")]
    [InlineData("/folder/s.txt")]
    public void Neither_is_what_stands_behind_a_symbolic_link(string target) =>
        Loop.Run(async Coroutine () => (await site.TryOpenAsync(target)).Should().BeNull());

    private string At(string path) => Path.Combine(folder.FullName, path);

    private void Put(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.WriteAllText(At(path), text);
    }
}
