using System.Reflection;

namespace EventLoop.Tests.Surface;

/// <summary>The public surface of an assembly, against the text file beside its test: no change goes unseen.</summary>
internal static class ApprovedSurface
{
    private const string Approved = "PublicSurface.approved.txt";
    private const string Received = "PublicSurface.received.txt";

    /// <summary>Fails where the surface is not the approved one, and says how to accept it.</summary>
    /// <param name="assembly">Whose surface.</param>
    /// <param name="folder">Where the approved text stands in the output of the test project; empty: at its top.</param>
    internal static void Check(Assembly assembly, string folder = "")
    {
        string place = Path.Combine(AppContext.BaseDirectory, folder);
        string approvedPath = Path.Combine(place, Approved);
        string receivedPath = Path.Combine(place, Received);
        string received = SurfacePrinter.Print(assembly);
        string approved = File.Exists(approvedPath) ? File.ReadAllText(approvedPath).ReplaceLineEndings("\n") : "";
        if (received == approved)
        {
            File.Delete(receivedPath);
            return;
        }

        Directory.CreateDirectory(place);
        File.WriteAllText(receivedPath, received);
        string[] before = approved.Split('\n');
        string[] after = received.Split('\n');
        IEnumerable<string> gone = before.Except(after).Select(static line => "- " + line.Trim());
        IEnumerable<string> come = after.Except(before).Select(static line => "+ " + line.Trim());
        string project = typeof(ApprovedSurface).Assembly.GetName().Name!;
        Assert.Fail(
            $"""
            The public surface has changed:
            {string.Join('\n', gone.Concat(come).Take(60))}
            If that is meant, accept it with
              cp '{receivedPath}' {Path.Combine("tests", project, folder, Approved)}
            """);
    }
}
