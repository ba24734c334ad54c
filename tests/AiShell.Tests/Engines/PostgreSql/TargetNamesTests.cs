using System.Text;
using AiShell.Engines.PostgreSql.Restore;

namespace AiShell.Tests.Engines.PostgreSql;

/// <summary>Names of databases beside a target, and back to their numbers.</summary>
public sealed class TargetNamesTests
{
    public static TheoryData<string> Targets => ["s", "shop", "Zoë's \"shop\"", "a_database_of_18_b_", new('x', 40), new('x', 41), new('x', 63), string.Concat(Enumerable.Repeat("ß🙂", 10))];

    [Theory]
    [MemberData(nameof(Targets))]
    public void What_goes_with_a_restore_or_a_test_of_a_target_is_known_by_its_name(string target)
    {
        const uint Number = 0x00c0ffee;
        string test = TargetNames.Beside(target, TargetNames.Test, 0xfedcba98);
        foreach (string name in new[]
        {
            TargetNames.Beside(target, TargetNames.New, Number), TargetNames.Beside(target, TargetNames.Old, Number), TargetNames.Beside(target, TargetNames.Test, Number),
            TargetNames.Beside(test, TargetNames.New, Number), TargetNames.Beside(test, TargetNames.Old, Number),
        })
        {
            Assert.InRange(Encoding.UTF8.GetByteCount(name), 1, 63);
            Assert.Equal(Number, TargetNames.NumberOf(name, target));
            Assert.Null(TargetNames.NumberOf(name, $"y{target}"));
        }

        Assert.Null(TargetNames.NumberOf(TargetNames.Beside(target, TargetNames.Kept, Number), target));
        Assert.Null(TargetNames.NumberOf(TargetNames.Beside(test, TargetNames.Kept, Number), target));
        Assert.Null(TargetNames.NumberOf(target, target));
        Assert.Null(TargetNames.NumberOf("00c0ffee", target));
    }

    [Fact]
    public void Names_that_only_look_like_ours_are_not()
    {
        foreach (string name in new[] { "shop_ai_shell_test_00c0ffeG", "shop_ai_shell_test_00C0FFEE", "shop_ai_shell_test_xyz_ai_shell_new_00c0ffee", "shop_ai_shell_test_00c0ffee2_ai_shell_new_00c0ffee", "shop_ai_shell_other_00c0ffee", "workshop_ai_shell_test_00c0ffee" })
        {
            Assert.Null(TargetNames.NumberOf(name, "shop"));
        }
    }
}
